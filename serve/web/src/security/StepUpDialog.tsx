import { lazy, Suspense } from 'react'

import { useAppSelector } from '../app/store'

const StepUpForm = lazy(() => import('./StepUpForm'))

/** Opens when a call needs to know that it is still you; loaded only then. */
export function StepUpDialog() {
  const factors = useAppSelector((state) => state.stepUp.factors)
  return factors === undefined ? null : (
    <Suspense fallback={null}>
      <StepUpForm factors={factors} />
    </Suspense>
  )
}
