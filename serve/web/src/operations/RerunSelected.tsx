import Box from '@mui/material/Box'
import LinearProgress from '@mui/material/LinearProgress'
import Typography from '@mui/material/Typography'
import { useEffect, useState } from 'react'

import { useRerunRunMutation, type RerunPreview } from '../api/generated'
import { problemOf } from '../api/problem'
import { FormDialog } from '../ui/FormDialog'
import { eachOf, type Progress } from './many'
import { Preview } from './Preview'

/** Previews so many of the selected ones at most. */
const LOOKED_AT = 20

/** Runs the selected runs again from their start, one after the other. */
export function RerunSelected({ ids, onClose }: { ids: readonly string[]; onClose: () => void }) {
  const [rerun] = useRerunRunMutation()
  const [preview, setPreview] = useState<RerunPreview>()
  const [progress, setProgress] = useState<Progress>()
  const ended = progress !== undefined && progress.done + progress.failed.length === progress.total

  useEffect(() => {
    let wanted = true
    void (async () => {
      const seen: RerunPreview = { count: ids.length, samples: ids.slice(0, LOOKED_AT), repeated: [], refused: [] }
      for (const runId of seen.samples) {
        const { data, error } = await rerun({ runId, body: { dry_run: true } })
        if (error !== undefined) seen.refused.push({ id: runId, reason: problemOf(error)?.detail ?? 'It was refused.' })
        if (data === undefined || !('count' in data)) continue
        seen.refused.push(...data.refused)
        seen.repeated = together(seen.repeated, data.repeated)
      }
      if (wanted) setPreview(seen)
    })()
    return () => {
      wanted = false
    }
  }, [ids, rerun])

  async function start() {
    await eachOf(ids, async (runId) => problemOf((await rerun({ runId, body: {} })).error)?.detail, setProgress)
  }

  return (
    <FormDialog
      title={ids.length === 1 ? 'Run it again' : `Run ${ids.length} runs again`} yes={ended ? 'Done' : `Run again (${ids.length})`} no={progress === undefined ? 'Not now' : 'Close'}
      busy={progress !== undefined && !ended} disabled={preview === undefined} onYes={() => (ended ? onClose() : void start())} onClose={onClose}
    >
      {progress === undefined ? (
        <>
          <span>Each starts anew, with its input, on the version it had. The old runs stay as they are.</span>
          <Preview preview={preview} />
        </>
      ) : (
        <Box data-testid="progress">
          <Typography variant="body2" role="status">
            {progress.done} of {progress.total} started
            {progress.failed.length > 0 && `, ${progress.failed.length} refused`}
            {!ended && '. Keep this page open.'}
          </Typography>
          <LinearProgress variant="determinate" value={((progress.done + progress.failed.length) / progress.total) * 100} aria-label="Runs started" sx={{ my: 2, borderRadius: 1 }} />
          {progress.failed.length > 0 && (
            <Box component="ul" sx={{ m: 0, pl: 5, maxHeight: 160, overflow: 'auto' }}>
              {progress.failed.map((one) => (
                <li key={one.id}>
                  <code>…{one.id.slice(-6)}</code> {one.reason}
                </li>
              ))}
            </Box>
          )}
        </Box>
      )}
    </FormDialog>
  )
}

/** Calls of two runs, counted together by their task. */
function together(one: RerunPreview['repeated'], other: RerunPreview['repeated']): RerunPreview['repeated'] {
  const calls = new Map<string, number>()
  for (const call of [...one, ...other]) calls.set(call.task, (calls.get(call.task) ?? 0) + call.calls)
  return [...calls].map(([task, count]) => ({ task, calls: count }))
}
