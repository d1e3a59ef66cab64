import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Chip from '@mui/material/Chip'
import Paper from '@mui/material/Paper'
import Stack from '@mui/material/Stack'
import { useCallback, useState } from 'react'

import { usePageRunsInfiniteQuery } from '../api'
import { useMay } from '../app/permissions'
import { useAppSelector } from '../app/store'
import { useQueryState } from '../app/useQueryState'
import { BulkBar } from '../operations/BulkBar'
import { Link } from '../router'
import { Empty } from '../ui/Empty'
import { Icon } from '../ui/Icon'
import { PageHeader } from '../ui/PageHeader'
import { Picker } from '../ui/Picker'
import { ProblemAlert } from '../ui/ProblemAlert'
import { SearchField } from '../ui/SearchField'
import { Skeletons } from '../ui/Skeletons'
import { STATUSES } from '../ui/StatusChip'
import { fullTime } from '../ui/Time'
import { RunTable } from './RunTable'
import { newerRuns, withNews, type RunStatus } from './runsSlice'

const FILTERS = ['q', 'status', 'namespace', 'name', 'from', 'to'] as const

/** All runs; what is being read stays where it is, new ones wait behind a button. */
export function RunsPage() {
  const [query, set] = useQueryState()
  const filter = Object.fromEntries(FILTERS.flatMap((one) => (query.get(one) ? [[one, query.get(one) ?? '']] : [])))
  const { status, namespace, name, q, from, to } = filter as Partial<Record<(typeof FILTERS)[number], string>>
  const { data, error, isFetching, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = usePageRunsInfiniteQuery(
    { ...filter, ...(status ? { status: status as RunStatus } : {}) },
    { refetchOnMountOrArgChange: true },
  )
  const heard = useAppSelector((state) => state.runs)
  const rows = data?.pages.flatMap((page) => page.items) ?? []
  const newer = to === undefined && data !== undefined ? newerRuns(heard, rows, filter).length : 0
  const may = useMay()
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const untick = useCallback(() => setSelected(new Set()), [])
  const select = useCallback((ids: readonly string[], on: boolean) => {
    setSelected((before) => {
      const next = new Set(before)
      for (const id of ids) if (on) next.add(id); else next.delete(id)
      return next
    })
  }, [])
  const filtered = Object.keys(filter).length > 0

  function clear() {
    set(Object.fromEntries(FILTERS.map((one) => [one, undefined])))
  }

  return (
    <>
      <PageHeader title="Runs">
        {may('run:operate') && (
          <Button component={Link} to="/jobs" color="inherit">
            Jobs
          </Button>
        )}
      </PageHeader>
      <Stack direction="row" sx={{ gap: 2, mb: 3, flexWrap: 'wrap', alignItems: 'center' }}>
        <SearchField label="Search workflow, input, output, error" value={q ?? ''} onSearch={(text) => set({ q: text })} />
        <Picker framed label="Status" value={status ?? ''} onChange={(value) => set({ status: value })} options={[['', 'Any status'], ...Object.keys(STATUSES).map((one) => [one, one] as const)]} />
        {name !== undefined && (
          <Chip variant="outlined" label={`${namespace ?? ''}/${name}`} onDelete={() => set({ namespace: undefined, name: undefined })} />
        )}
        {(from !== undefined || to !== undefined) && (
          <Chip variant="outlined" label={spanText(from, to)} onDelete={() => set({ from: undefined, to: undefined })} />
        )}
        {filtered && (
          <Button onClick={clear} color="inherit">
            Clear
          </Button>
        )}
      </Stack>
      <ProblemAlert error={error} what="Runs could not be loaded" onRetry={() => void refetch()} />
      <Box aria-live="polite" sx={{ mb: newer > 0 ? 2 : 0 }}>
        {newer > 0 && (
          <Button fullWidth variant="outlined" startIcon={<Icon name="up" />} onClick={() => void refetch()} data-testid="newer-runs">
            {q === undefined ? `Show ${newer} new ${newer === 1 ? 'run' : 'runs'}` : `Search again: ${newer} new ${newer === 1 ? 'run' : 'runs'}`}
          </Button>
        )}
      </Box>
      {may('run:operate') && rows.length > 0 && <BulkBar filter={filter} selected={selected} onUntick={untick} />}
      <Paper variant="outlined" aria-busy={isFetching}>
        {rows.length > 0 ? (
          <RunTable runs={rows.map((run) => withNews(run, heard.news))} label="Runs" {...(may('run:operate') ? { selected, onSelect: select } : {})} />
        ) : data === undefined ? (
          error === undefined && <Skeletons lines={8} />
        ) : filtered ? (
          <Empty icon="search" title="No run is like that" action={<Button variant="outlined" onClick={clear}>Show all runs</Button>} />
        ) : (
          <Empty icon="run" title="No run yet" action={<Button component={Link} to="/workflows" variant="contained">Go to the workflows</Button>}>
            A run is one execution of a workflow. It keeps its input, every step and its result.
          </Empty>
        )}
      </Paper>
      {hasNextPage && (
        <Button sx={{ mt: 3 }} fullWidth loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Older runs
        </Button>
      )}
    </>
  )
}

function spanText(from: string | undefined, to: string | undefined): string {
  if (from !== undefined && to !== undefined) return `${fullTime(from)} – ${fullTime(to)}`
  return from !== undefined ? `since ${fullTime(from)}` : `before ${fullTime(to ?? '')}`
}
