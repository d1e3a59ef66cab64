import Link from '@mui/material/Link'
import Table from '@mui/material/Table'
import TableBody from '@mui/material/TableBody'
import TableCell from '@mui/material/TableCell'
import TableContainer from '@mui/material/TableContainer'
import TableHead from '@mui/material/TableHead'
import TableRow from '@mui/material/TableRow'
import Typography from '@mui/material/Typography'

import type { Task } from '../api/generated'
import { Link as RouterLink } from '../router'
import { Due } from './Due'
import { assigneeText } from './people'
import { TaskStatusChip } from './TaskStatusChip'

const wide = { display: { xs: 'none', sm: 'table-cell' } }

/** What people are asked, one task a row. */
export function TaskTable({ tasks, label }: { tasks: readonly Task[]; label: string }) {
  return (
    <TableContainer>
      <Table aria-label={label} sx={{ tableLayout: 'fixed' }}>
        <TableHead>
          <TableRow>
            <TableCell sx={{ width: { xs: 104, sm: 124 } }}>Status</TableCell>
            <TableCell>Task</TableCell>
            <TableCell sx={{ ...wide, width: 200 }}>With</TableCell>
            <TableCell align="right" sx={{ width: { xs: 84, sm: 130 } }}>Due</TableCell>
          </TableRow>
        </TableHead>
        <TableBody>
          {tasks.map((task) => (
            <TableRow key={task.id} hover data-testid="task-row" sx={{ '&:last-child td': { borderBottom: 0 } }}>
              <TableCell>
                <TaskStatusChip status={task.status} />
              </TableCell>
              <TableCell sx={{ overflow: 'hidden' }}>
                <Typography variant="body2" sx={{ overflowWrap: 'anywhere' }}>
                  <Link component={RouterLink} to={`/tasks/${task.id}`} color="inherit" sx={{ fontWeight: 600 }}>
                    {task.title}
                  </Link>
                </Typography>
                <Typography variant="caption" noWrap component="div" sx={{ color: 'text.secondary' }}>
                  {task.workflow.name}
                  {task.answer !== null && ` · ${task.answer.decision}`}
                </Typography>
              </TableCell>
              <TableCell sx={{ ...wide, overflow: 'hidden', textOverflow: 'ellipsis' }}>{assigneeText(task.assignee)}</TableCell>
              <TableCell align="right" sx={{ whiteSpace: 'nowrap' }}>
                <Due task={task} />
              </TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </TableContainer>
  )
}
