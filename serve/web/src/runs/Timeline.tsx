import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import ButtonBase from '@mui/material/ButtonBase'
import Chip from '@mui/material/Chip'
import Typography from '@mui/material/Typography'
import { memo, useId, useMemo, useState } from 'react'

import { Icon, type IconName } from '../ui/Icon'
import { durationText, fullTime, Lasting } from '../ui/Time'
import { StepDetails } from './StepDetails'
import { kindOf, notesOf, stepsOf, type Note, type Step, type StepStatus } from './timeline'
import type { Journal } from './useJournal'

const LOOKS: Record<StepStatus, { icon: IconName; color: string }> = {
  running: { icon: 'run', color: 'primary.main' },
  completed: { icon: 'check', color: 'success.main' },
  unknown: { icon: 'alert', color: 'warning.main' },
  faulted: { icon: 'alert', color: 'error.main' },
  cancelled: { icon: 'stop', color: 'text.secondary' },
  skipped: { icon: 'chevron', color: 'text.secondary' },
}
const BATCH = 200

interface TimelineProps {
  journal: Journal
  startedAt: string | null
  endedAt: string | null
  /** The pointer of the task that ended the run. */
  guilty: string | undefined
  /** Offers to run it again from a step. */
  onRerun?: ((step: Step) => void) | undefined
}

/** The journal of a run, step by step; each opens to what went in and what came out. */
export function Timeline({ journal, startedAt, endedAt, guilty, onRerun }: TimelineProps) {
  const notes = useMemo(() => notesOf(journal.entries), [journal.entries])
  const steps = useMemo(() => stepsOf(journal.entries), [journal.entries])
  const [most, setMost] = useState(BATCH)
  const begin = startedAt === null ? 0 : Date.parse(startedAt)
  const end = endedAt === null ? Math.max(begin, ...journal.entries.slice(-1).map((entry) => Date.parse(entry.at))) : Date.parse(endedAt)
  const culprit = steps.findLast((step) => step.status === 'faulted' && step.task === guilty)
  return (
    <Box data-testid="timeline">
      <Notes notes={notes} />
      <Box component="ol" sx={{ m: 0, p: 0, listStyle: 'none' }}>
        {steps.slice(0, most).map((step) => (
          <StepRow key={step.key} step={step} begin={begin} end={end} count={step.entries.length} guilty={step === culprit} onRerun={onRerun} />
        ))}
      </Box>
      {steps.length > most && (
        <Button fullWidth onClick={() => setMost(most + BATCH)}>
          Show {Math.min(BATCH, steps.length - most)} more of {steps.length - most} steps
        </Button>
      )}
      {journal.more && steps.length <= most && (
        <Button fullWidth onClick={journal.more}>
          Load more of the journal
        </Button>
      )}
    </Box>
  )
}

interface StepRowProps {
  step: Step
  begin: number
  end: number
  /** Changes when the step does. */
  count: number
  /** It ended the run: shown open. */
  guilty: boolean
  onRerun: ((step: Step) => void) | undefined
}

const StepRow = memo(
  function StepRow({ step, begin, end, guilty, onRerun }: StepRowProps) {
    const [open, setOpen] = useState(guilty)
    const id = useId()
    const { icon, color } = LOOKS[step.status]
    const kind = kindOf(step)
    return (
      <Box component="li" sx={{ borderTop: 1, borderColor: 'divider', '&:first-of-type': { borderTop: 0 } }}>
        <ButtonBase
          aria-expanded={open}
          aria-controls={open ? id : undefined}
          onClick={() => setOpen(!open)}
          sx={{ width: '100%', minHeight: 36, px: 4, gap: 2, textAlign: 'left', justifyContent: 'flex-start', '&:hover': { bgcolor: 'action.hover' }, '&:focus-visible': { outlineOffset: -2 } }}
        >
          <Icon name="chevron" sx={{ fontSize: 16, color: 'text.secondary', transform: open ? 'rotate(90deg)' : 'none', flexShrink: 0 }} />
          <Box sx={{ display: 'flex', alignItems: 'center', gap: 2, minWidth: 0, flex: '1 1 0', pl: Math.min(step.depth, 6) * 4 }}>
            <Icon name={icon} titleAccess={step.status} sx={{ fontSize: 16, color, flexShrink: 0 }} />
            <Typography variant="body2" noWrap sx={{ fontWeight: 600 }}>
              {step.name}
              {step.path.length > 0 && <Box component="span" sx={{ color: 'text.secondary', fontWeight: 400 }}> [{step.path.join('.')}]</Box>}
            </Typography>
            {kind !== undefined && <Chip label={kind} variant="outlined" sx={{ height: 18, fontSize: '0.6875rem', display: { xs: 'none', sm: 'inline-flex' } }} />}
            {step.unknown.length > 0 && (
              <Typography variant="caption" sx={{ color: 'warning.main', whiteSpace: 'nowrap' }}>
                outcome unknown
              </Typography>
            )}
            {step.retries.length > 0 && (
              <Typography variant="caption" sx={{ color: 'warning.main', whiteSpace: 'nowrap' }}>
                {step.retries.length} {step.retries.length === 1 ? 'retry' : 'retries'}
              </Typography>
            )}
          </Box>
          <Span step={step} begin={begin} end={end} color={color} />
          <Typography variant="caption" sx={{ width: 72, textAlign: 'right', color: 'text.secondary', flexShrink: 0, whiteSpace: 'nowrap' }}>
            <Lasting from={step.startedAt} to={step.endedAt} />
          </Typography>
        </ButtonBase>
        {open && (
          <Box id={id} sx={{ px: { xs: 4, sm: 10 }, pb: 4, pt: 1 }}>
            <StepDetails step={step} />
            {onRerun && (
              <Button variant="outlined" sx={{ mt: 3 }} startIcon={<Icon name="retry" />} onClick={() => onRerun(step)}>
                Run again from here
              </Button>
            )}
          </Box>
        )}
      </Box>
    )
  },
  (one, other) => one.count === other.count && one.step.key === other.step.key && one.guilty === other.guilty && one.begin === other.begin && one.end === other.end && (one.onRerun === undefined) === (other.onRerun === undefined),
)

function Notes({ notes }: { notes: readonly Note[] }) {
  if (notes.length === 0) return null
  return (
    <Box component="ul" aria-label="What was done to the run" data-testid="notes" sx={{ m: 0, py: 2, px: 4, listStyle: 'none', fontSize: '0.8125rem', color: 'text.secondary', borderBottom: 1, borderColor: 'divider' }}>
      {notes.map((note) => (
        <li key={note.seq}>
          <Box component="span" sx={{ color: 'text.primary', fontWeight: 600 }}>
            {note.text}
          </Box>
          , {fullTime(note.at)}
        </li>
      ))}
    </Box>
  )
}

/** When in the run the step was under way. */
function Span({ step, begin, end, color }: { step: Step; begin: number; end: number; color: string }) {
  const whole = Math.max(1, end - begin)
  const from = Math.min(1, Math.max(0, (Date.parse(step.startedAt) - begin) / whole))
  const to = step.endedAt === null ? 1 : Math.min(1, Math.max(from, (Date.parse(step.endedAt) - begin) / whole))
  return (
    <Box
      aria-hidden
      title={`${durationText(Date.parse(step.startedAt) - begin)} after the start`}
      sx={{ flex: '0 0 30%', height: 6, borderRadius: 1, bgcolor: 'action.hover', position: 'relative', display: { xs: 'none', sm: 'block' }, overflow: 'hidden' }}
    >
      <Box
        sx={{ position: 'absolute', top: 0, bottom: 0, minWidth: 3, borderRadius: 1, bgcolor: color }}
        style={{ left: `${Math.min(from * 100, 99)}%`, width: `${(to - from) * 100}%` }}
      />
    </Box>
  )
}
