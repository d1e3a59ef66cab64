import { useEffect, useState } from 'react'

import { useValidateWorkflowMutation, type DefinitionFault } from '../api/generated'
import { isProblem } from '../api/problem'

const PAUSE_MS = 350

export interface Check {
  faults: DefinitionFault[]
  state: 'checking' | 'valid' | 'faulty' | 'unknown'
}

/** The faults of a definition, checked by the server when typing pauses; the answer to the last text counts. */
export function useFaults(text: string): Check {
  const [validate] = useValidateWorkflowMutation()
  const [check, setCheck] = useState<Check>({ faults: [], state: 'checking' })

  useEffect(() => {
    let wanted = true
    setCheck((before) => ({ ...before, state: 'checking' }))
    const timer = setTimeout(() => {
      void (async () => {
        const answer = await validate({ body: text })
        if (!wanted) return
        if (answer.data !== undefined) {
          setCheck({ faults: answer.data.errors, state: answer.data.valid ? 'valid' : 'faulty' })
        } else {
          const problem = isProblem(answer.error) && answer.error.status >= 400 && answer.error.status < 500 ? answer.error : undefined
          const whole = { pointer: '', detail: problem?.detail ?? '' }
          setCheck(problem === undefined ? { faults: [], state: 'unknown' } : { faults: problem.errors.length > 0 ? problem.errors : [whole], state: 'faulty' })
        }
      })()
    }, PAUSE_MS)
    return () => {
      wanted = false
      clearTimeout(timer)
    }
  }, [text, validate])

  return check
}
