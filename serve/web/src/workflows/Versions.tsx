import Box from '@mui/material/Box'
import List from '@mui/material/List'
import ListItem from '@mui/material/ListItem'
import ListItemButton from '@mui/material/ListItemButton'
import ListItemText from '@mui/material/ListItemText'
import Stack from '@mui/material/Stack'

import { useGetWorkflowVersionQuery, type VersionSummary, type Workflow } from '../api/generated'
import { useQueryState } from '../app/useQueryState'
import { Panel } from '../ui/Panel'
import { Picker } from '../ui/Picker'
import { ProblemAlert } from '../ui/ProblemAlert'
import { Skeletons } from '../ui/Skeletons'
import { Ago } from '../ui/Time'
import { LazyEditor } from './LazyEditor'
import { StartRun } from './StartRun'

/** The versions of a workflow; each can be read, compared with another, and started. */
export function Versions({ workflow, versions }: { workflow: Workflow; versions: VersionSummary[] }) {
  const [query, set] = useQueryState()
  const { namespace, name } = workflow
  const shown = query.get('version') ?? workflow.latest_version
  const against = query.get('against') ?? ''
  const { data, error } = useGetWorkflowVersionQuery({ namespace, name, version: shown })
  const other = useGetWorkflowVersionQuery({ namespace, name, version: against }, { skip: against === '' })
  const before = against === '' ? undefined : other.data?.source
  return (
    <Box sx={{ display: 'grid', gap: 4, gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: '220px minmax(0, 1fr)' } }}>
      <Panel title="Versions" flush>
        <List disablePadding sx={{ maxHeight: { xs: 180, md: 520 }, overflow: 'auto' }}>
          {versions.map((one) => (
            <ListItem key={one.version} disablePadding>
              <ListItemButton selected={one.version === shown} aria-current={one.version === shown} onClick={() => set({ tab: 'versions', version: one.version })} sx={{ px: 4, py: 1 }}>
                <ListItemText primary={one.version} secondary={<Ago at={one.created_at} />} slotProps={{ primary: { variant: 'body2' }, secondary: { variant: 'caption' } }} />
              </ListItemButton>
            </ListItem>
          ))}
        </List>
      </Panel>
      <Stack sx={{ gap: 3, minWidth: 0 }}>
        <Stack direction="row" sx={{ gap: 3, flexWrap: 'wrap', alignItems: 'center' }}>
          {versions.length > 1 && (
            <Picker
              framed label="Compare with" value={against} onChange={(value) => set({ tab: 'versions', version: shown, against: value })}
              options={[['', 'Compare with …'], ...versions.filter((one) => one.version !== shown).map((one) => [one.version, `Changes since ${one.version}`] as const)]}
            />
          )}
          <Box sx={{ ml: 'auto' }}>
            <StartRun workflow={workflow} version={shown} variant="outlined" />
          </Box>
        </Stack>
        <ProblemAlert error={error ?? other.error} what="The version could not be loaded" />
        {data === undefined ? (
          error === undefined && <Skeletons />
        ) : (
          <LazyEditor
            key={`${shown} ${before === undefined ? '' : against}`} label={`Definition of ${shown}`} text={data.source}
            language={data.media_type.includes('json') ? 'json' : 'yaml'} readOnly before={before}
          />
        )}
      </Stack>
    </Box>
  )
}
