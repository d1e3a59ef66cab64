import Link from '@mui/material/Link'
import { useCallback, useState } from 'react'

import type { StoredVersion } from '../api/generated'
import { Link as RouterLink, useNavigate } from '../router'
import { Icon } from '../ui/Icon'
import { PageHeader } from '../ui/PageHeader'
import { Picker } from '../ui/Picker'
import { DefinitionEditor, DslLink } from './DefinitionEditor'
import { TEMPLATES } from './templates'

export function NewWorkflowPage() {
  const navigate = useNavigate()
  const [template, setTemplate] = useState(0)
  const saved = useCallback(
    (version: StoredVersion) => void navigate(`/workflows/${version.namespace}/${version.name}`, { replace: true }),
    [navigate],
  )
  const text = TEMPLATES[template]?.text ?? ''
  return (
    <>
      <PageHeader
        title="New workflow"
        above={
          <Link component={RouterLink} to="/workflows" variant="body2" sx={{ display: 'inline-flex', alignItems: 'center', gap: 1 }}>
            <Icon name="back" sx={{ fontSize: 14 }} /> Workflows
          </Link>
        }
      >
        <DslLink />
        <Picker framed label="Begin with" value={`${template}`} onChange={(value) => setTemplate(Number(value))} options={TEMPLATES.map((one, index) => [`${index}`, one.name] as const)} />
      </PageHeader>
      <DefinitionEditor key={template} text={text} isNew onSaved={saved} />
    </>
  )
}
