import TextField from '@mui/material/TextField'
import { useState } from 'react'

import { useAssignTaskMutation, type Task, type TaskAssignee } from '../api/generated'
import { faultsAt, problemOf } from '../api/problem'
import { FormDialog } from '../ui/FormDialog'
import { assigneeText } from './people'

const ROLES = ['viewer', 'analyst', 'operator', 'data_scientist', 'editor', 'admin', 'owner'] as const

/** Gives a task to another person or role. */
export function AssignDialog({ task, onClose }: { task: Task; onClose: () => void }) {
  const [to, setTo] = useState<'user' | 'role'>('user')
  const [assign, { isLoading, error }] = useAssignTaskMutation()
  const fault = faultsAt(problemOf(error), '/assignee')

  async function send(form: FormData) {
    const assignee = { [to]: String(form.get('name')) } as TaskAssignee
    const answer = await assign({ taskId: task.id, assignRequest: { assignee } })
    if (answer.data) onClose()
  }

  return (
    <FormDialog title="Give the task to somebody else" yes="Give it to them" busy={isLoading} error={error} what="It is with the same people as before" onYes={(form) => void send(form)} onClose={onClose}>
      <span>
        It is with {assigneeText(task.assignee)} now, who can no longer answer then. Whoever gets it is told in the inbox.
      </span>
      <TextField select label="To" value={to} onChange={(event) => setTo(event.target.value as 'user' | 'role')} slotProps={{ select: { native: true } }}>
        <option value="user">One person</option>
        <option value="role">Everyone with a role</option>
      </TextField>
      {to === 'user' ? (
        <TextField key="user" name="name" label="E-mail" type="email" required error={fault !== undefined} helperText={fault} />
      ) : (
        <TextField key="role" name="name" select label="Role" defaultValue="admin" required error={fault !== undefined} helperText={fault} slotProps={{ select: { native: true } }}>
          {ROLES.map((one) => (
            <option key={one} value={one}>
              {one.replace('_', ' ')}
            </option>
          ))}
        </TextField>
      )}
    </FormDialog>
  )
}
