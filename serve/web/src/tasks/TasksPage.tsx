import Button from '@mui/material/Button'
import Paper from '@mui/material/Paper'
import Stack from '@mui/material/Stack'
import ToggleButton from '@mui/material/ToggleButton'
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup'

import { usePageTasksInfiniteQuery } from '../api'
import type { TaskStatus } from '../api/generated'
import { useQueryState } from '../app/useQueryState'
import { Empty } from '../ui/Empty'
import { PageHeader } from '../ui/PageHeader'
import { Picker } from '../ui/Picker'
import { ProblemAlert } from '../ui/ProblemAlert'
import { SearchField } from '../ui/SearchField'
import { Skeletons } from '../ui/Skeletons'
import { TASK_STATUSES } from './people'
import { TaskTable } from './TaskTable'

const STATUSES = Object.keys(TASK_STATUSES) as TaskStatus[]

/** What runs ask of people; those of the caller first. */
export function TasksPage() {
  const [query, set] = useQueryState()
  const mine = query.get('with') !== 'all'
  const wanted = query.get('status') ?? 'open'
  const status = STATUSES.find((one) => one === wanted)
  const q = query.get('q') ?? ''
  const { data, error, refetch, isFetching, hasNextPage, fetchNextPage, isFetchingNextPage } = usePageTasksInfiniteQuery(
    { mine, ...(status ? { status } : {}), ...(q ? { q } : {}) },
    { refetchOnMountOrArgChange: true },
  )
  const rows = data?.pages.flatMap((page) => page.items) ?? []
  const first = data?.pages[0]
  return (
    <>
      <PageHeader title="Tasks">
        <ToggleButtonGroup exclusive size="small" aria-label="Whose" value={mine ? 'me' : 'all'}
          onChange={(_, value: string | null) => value && set({ with: value === 'all' ? 'all' : undefined })}>
          <ToggleButton value="me" sx={{ px: 3, py: 1 }}>With me{first && ` (${first.mine})`}</ToggleButton>
          <ToggleButton value="all" sx={{ px: 3, py: 1 }}>Everyone’s{first && ` (${first.open})`}</ToggleButton>
        </ToggleButtonGroup>
      </PageHeader>
      <Stack direction="row" sx={{ gap: 2, mb: 3, flexWrap: 'wrap', alignItems: 'center' }}>
        <SearchField label="Search title and text" value={q} onSearch={(text) => set({ q: text })} />
        <Picker framed label="Status" value={status ?? 'any'} onChange={(value) => set({ status: value === 'open' ? undefined : value })}
          options={[...STATUSES.map((one) => [one, one] as const), ['any', 'Any status']]} />
      </Stack>
      <ProblemAlert error={error} what="Tasks could not be loaded" onRetry={() => void refetch()} />
      <Paper variant="outlined" aria-busy={isFetching}>
        {rows.length > 0 ? (
          <TaskTable tasks={rows} label="Tasks" />
        ) : data === undefined ? (
          error === undefined && <Skeletons lines={6} />
        ) : status === 'open' && q === '' ? (
          <Empty icon="check" title={mine ? 'Nothing waits for you' : 'Nothing waits for anybody'}
            action={mine && (first?.open ?? 0) > 0 && <Button variant="outlined" onClick={() => set({ with: 'all' })}>Show everyone’s</Button>}>
            A workflow asks people with a <code>call: approval</code> step: an approval, a choice, or data for a form.
          </Empty>
        ) : (
          <Empty icon="search" title="No task is like that" action={<Button variant="outlined" onClick={() => set({ q: undefined, status: undefined })}>Show open tasks</Button>} />
        )}
      </Paper>
      {hasNextPage && (
        <Button sx={{ mt: 3 }} fullWidth loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Older tasks
        </Button>
      )}
    </>
  )
}
