import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import List from '@mui/material/List'
import ListItem from '@mui/material/ListItem'
import ListItemButton from '@mui/material/ListItemButton'
import ListItemText from '@mui/material/ListItemText'

import { useGetSampleQuery, useListSamplesQuery, type Workflow } from '../api/generated'
import { useMay } from '../app/permissions'
import { useQueryState } from '../app/useQueryState'
import { Empty } from '../ui/Empty'
import { Panel } from '../ui/Panel'
import { ProblemAlert } from '../ui/ProblemAlert'
import { Skeletons } from '../ui/Skeletons'
import { Ago } from '../ui/Time'
import { SampleForm } from './SampleForm'

const NEW = '*'

/** Kept inputs of a workflow, with what its calls answer in a dry run. */
export function Samples({ workflow }: { workflow: Workflow }) {
  const may = useMay()
  const [query, set] = useQueryState()
  const { namespace, name } = workflow
  const { data, error, refetch } = useListSamplesQuery({ namespace, name }, { refetchOnMountOrArgChange: true })
  const shown = query.get('sample') ?? data?.items[0]?.sample
  const choose = (sample: string | undefined) => set({ tab: 'samples', sample })
  if (data === undefined) return error === undefined ? <Skeletons /> : <ProblemAlert error={error} what="Samples could not be loaded" onRetry={() => void refetch()} />
  const add = may('workflow:write') && (
    <Button variant={data.items.length === 0 ? 'contained' : 'outlined'} sx={{ whiteSpace: 'nowrap', flexShrink: 0 }} onClick={() => choose(NEW)}>
      New sample
    </Button>
  )
  if (data.items.length === 0 && shown !== NEW) {
    return (
      <Empty icon="task" title="No sample yet" action={add}>
        A sample is an input to try the workflow with. In a dry run, its calls answer what the sample says, and nothing outside is touched.
      </Empty>
    )
  }
  return (
    <Box sx={{ display: 'grid', gap: 4, gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: '248px minmax(0, 1fr)' } }}>
      <Panel title="Samples" flush actions={add}>
        <List disablePadding sx={{ maxHeight: { xs: 180, md: 520 }, overflow: 'auto' }}>
          {data.items.map((one) => (
            <ListItem key={one.sample} disablePadding>
              <ListItemButton selected={one.sample === shown} aria-current={one.sample === shown} onClick={() => choose(one.sample)} sx={{ px: 4, py: 1 }}>
                <ListItemText primary={one.sample} secondary={<Ago at={one.updated_at} />} slotProps={{ primary: { variant: 'body2', noWrap: true }, secondary: { variant: 'caption' } }} />
              </ListItemButton>
            </ListItem>
          ))}
        </List>
      </Panel>
      {shown === NEW || shown === undefined ? (
        <SampleForm key={NEW} workflow={workflow} sample={undefined} onSaved={choose} onDeleted={() => choose(undefined)} />
      ) : (
        <One key={shown} workflow={workflow} sample={shown} onSaved={choose} onDeleted={() => choose(undefined)} />
      )}
    </Box>
  )
}

interface OneProps {
  workflow: Workflow
  sample: string
  onSaved: (sample: string) => void
  onDeleted: () => void
}

function One({ workflow, sample, onSaved, onDeleted }: OneProps) {
  const { namespace, name } = workflow
  const { data, error, refetch } = useGetSampleQuery({ namespace, name, sample }, { refetchOnMountOrArgChange: true })
  if (data === undefined) return error === undefined ? <Skeletons /> : <ProblemAlert error={error} what="The sample could not be loaded" onRetry={() => void refetch()} />
  return <SampleForm workflow={workflow} sample={data} onSaved={onSaved} onDeleted={onDeleted} />
}
