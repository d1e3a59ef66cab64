import Button from '@mui/material/Button'
import Stack from '@mui/material/Stack'
import { useState } from 'react'

import { useDiscardDeadLettersMutation, useRetryDeadLettersMutation, type RunWhere } from '../api/generated'
import { BulkDialog } from '../operations/BulkDialog'
import { whereText } from '../operations/where'
import { Icon } from '../ui/Icon'

interface LettersBarProps {
  filter: Pick<RunWhere, 'q' | 'namespace' | 'name'>
  onDone: () => void
}

/** What can be done to all open ones of a filter. */
export function LettersBar({ filter, onDone }: LettersBarProps) {
  const [asking, setAsking] = useState<{ what: 'retry' | 'discard'; where: RunWhere }>()
  const [retry] = useRetryDeadLettersMutation()
  const [discard] = useDiscardDeadLettersMutation()
  const { namespace, name } = filter
  const whose = whereText(filter, 'open dead letters')

  // Those that give up from now on were not seen by whoever presses the button.
  function ask(what: 'retry' | 'discard') {
    setAsking({ what, where: { ...filter, to: new Date().toISOString() } })
  }

  function close() {
    setAsking(undefined)
    onDone()
  }

  return (
    <Stack direction="row" sx={{ gap: 2, mb: 2, flexWrap: 'wrap' }}>
      <Button variant="outlined" startIcon={<Icon name="retry" />} onClick={() => ask('retry')}>
        Retry all
      </Button>
      <Button variant="outlined" color="error" startIcon={<Icon name="trash" />} onClick={() => ask('discard')}>
        Discard all
      </Button>
      {asking?.what === 'retry' && (
        <BulkDialog
          title="Retry them" yes="Retry" verb="be retried" workflow={namespace && name ? { namespace, name } : undefined} onClose={close}
          send={(version, dry_run) => retry({ retryManyRequest: { where: asking.where, dry_run, ...(version ? { version } : {}) } })}
        >
          All {whose} go on in new runs from the step that failed, with what was edited where something was.
        </BulkDialog>
      )}
      {asking?.what === 'discard' && (
        <BulkDialog title="Discard them" yes="Discard" verb="be discarded" danger onClose={close} send={(_, dry_run) => discard({ discardManyRequest: { where: asking.where, dry_run } })}>
          All {whose} are put aside. They are kept under “discarded”, but can no longer be retried from here; their runs stay as they are.
        </BulkDialog>
      )}
    </Stack>
  )
}
