import Button from '@mui/material/Button'
import Chip from '@mui/material/Chip'
import Paper from '@mui/material/Paper'
import Stack from '@mui/material/Stack'
import ToggleButton from '@mui/material/ToggleButton'
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup'

import { usePageDeadLettersInfiniteQuery } from '../api'
import { useMay } from '../app/permissions'
import { useQueryState } from '../app/useQueryState'
import { Link } from '../router'
import { Empty } from '../ui/Empty'
import { PageHeader } from '../ui/PageHeader'
import { ProblemAlert } from '../ui/ProblemAlert'
import { SearchField } from '../ui/SearchField'
import { Skeletons } from '../ui/Skeletons'
import { LettersBar } from './LettersBar'
import { LetterTable } from './LetterTable'

const STATES = ['open', 'retried', 'discarded'] as const
const POLL_MS = 15_000

/** Runs that gave up, until somebody retries or discards them. */
export function LettersPage() {
  const may = useMay()
  const [query, set] = useQueryState()
  const state = STATES.find((one) => one === query.get('state')) ?? 'open'
  const q = query.get('q') ?? ''
  const namespace = query.get('namespace') ?? ''
  const name = query.get('name') ?? ''
  const filter = { ...(q ? { q } : {}), ...(namespace ? { namespace } : {}), ...(name ? { name } : {}) }
  const { data, error, refetch, isFetching, hasNextPage, fetchNextPage, isFetchingNextPage } = usePageDeadLettersInfiniteQuery(
    { state, ...filter },
    { refetchOnMountOrArgChange: true, pollingInterval: POLL_MS, skipPollingIfUnfocused: true },
  )
  const rows = data?.pages.flatMap((page) => page.items) ?? []
  const filtered = Object.keys(filter).length > 0
  return (
    <>
      <PageHeader title="Dead letters">
        {may('run:operate') && (
          <Button component={Link} to="/jobs" color="inherit">
            Jobs
          </Button>
        )}
      </PageHeader>
      <Stack direction="row" sx={{ gap: 2, mb: 3, flexWrap: 'wrap', alignItems: 'center' }}>
        <ToggleButtonGroup exclusive size="small" aria-label="State" value={state} onChange={(_, value: string | null) => value && set({ state: value === 'open' ? undefined : value })}>
          {STATES.map((one) => (
            <ToggleButton key={one} value={one} sx={{ px: 3, py: 1 }}>
              {one}
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
        <SearchField label="Search workflow, input, error" value={q} onSearch={(text) => set({ q: text })} />
        {name !== '' && <Chip variant="outlined" label={`${namespace}/${name}`} onDelete={() => set({ namespace: undefined, name: undefined })} />}
      </Stack>
      <ProblemAlert error={error} what="Dead letters could not be loaded" onRetry={() => void refetch()} />
      {state === 'open' && rows.length > 0 && may('run:operate') && <LettersBar filter={filter} onDone={() => void refetch()} />}
      <Paper variant="outlined" aria-busy={isFetching}>
        {rows.length > 0 ? (
          <LetterTable letters={rows} onPick={(workflow) => set({ namespace: workflow.namespace, name: workflow.name })} />
        ) : data === undefined ? (
          error === undefined && <Skeletons lines={6} />
        ) : filtered ? (
          <Empty icon="search" title="None is like that" action={<Button variant="outlined" onClick={() => set({ q: undefined, namespace: undefined, name: undefined })}>Show all</Button>} />
        ) : (
          <Empty icon={state === 'open' ? 'check' : 'letter'} title={state === 'open' ? 'Nothing gave up' : `Nothing was ${state}`}>
            A run that faults for good, after all its retries, is listed here with the reason. It can be edited, retried or discarded.
          </Empty>
        )}
      </Paper>
      {hasNextPage && (
        <Button sx={{ mt: 3 }} fullWidth loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Older ones
        </Button>
      )}
    </>
  )
}
