import Button from '@mui/material/Button'
import Stack from '@mui/material/Stack'
import Typography from '@mui/material/Typography'
import { useState } from 'react'

import { useRerunRunsMutation } from '../api/generated'
import { Icon } from '../ui/Icon'
import { BulkDialog } from './BulkDialog'
import { RerunSelected } from './RerunSelected'
import { whereOf, whereText } from './where'

interface BulkBarProps {
  /** What the list shows. */
  filter: Record<string, string | undefined>
  selected: ReadonlySet<string>
  onUntick: () => void
}

/** What can be done to the ticked runs, or to all of a filter. */
export function BulkBar({ filter, selected, onUntick }: BulkBarProps) {
  const [asking, setAsking] = useState<'selected' | 'filter'>()
  const [rerun] = useRerunRunsMutation()
  const where = whereOf(filter)
  const { namespace, name } = filter
  return (
    <Stack direction="row" sx={{ alignItems: 'center', gap: 2, mb: 2, flexWrap: 'wrap', minHeight: 32 }}>
      <Typography variant="body2" role="status" sx={{ color: 'text.secondary' }}>
        {selected.size === 0 ? 'Tick runs to run them again' : `${selected.size} ticked`}
      </Typography>
      {selected.size > 0 ? (
        <>
          <Button variant="outlined" startIcon={<Icon name="retry" />} onClick={() => setAsking('selected')}>
            Run again
          </Button>
          <Button color="inherit" onClick={onUntick}>
            Untick
          </Button>
        </>
      ) : (
        where !== undefined && (
          <Button startIcon={<Icon name="retry" />} onClick={() => setAsking('filter')}>
            Run all of this filter again
          </Button>
        )
      )}
      {asking === 'selected' && (
        <RerunSelected
          ids={[...selected]}
          onClose={() => {
            setAsking(undefined)
            onUntick()
          }}
        />
      )}
      {asking === 'filter' && where !== undefined && (
        <BulkDialog
          title="Run them again" yes="Run again" verb="run again" workflow={namespace && name ? { namespace, name } : undefined}
          send={(version, dry_run) => rerun({ rerunManyRequest: { where, dry_run, ...(version ? { version } : {}) } })} onClose={() => setAsking(undefined)}
        >
          All {whereText(where)} start anew with their input. The old runs stay as they are.
        </BulkDialog>
      )}
    </Stack>
  )
}
