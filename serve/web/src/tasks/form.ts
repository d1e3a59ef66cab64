/** A field of a form, out of a property of a JSON Schema. */
export interface Field {
  name: string
  label: string
  kind: 'text' | 'long' | 'email' | 'date' | 'number' | 'integer' | 'boolean' | 'choice'
  required: boolean
  help: string | undefined
  choices: readonly (string | number)[]
  initial: string | boolean
  /** What the browser checks while typing; the server checks all of it. */
  bounds: { min?: number; max?: number; minLength?: number; maxLength?: number; pattern?: string }
}

export type Values = Record<string, string | boolean>

type Schema = Record<string, unknown>

const LONG = 200

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The fields of a form; undefined when the schema is more than a flat object of simple values, such as lists or
 * objects in objects: then the data is written as JSON.
 */
export function fieldsOf(schema: Schema | null): Field[] | undefined {
  if (schema === null) return []
  if (!isSchema(schema.properties) || !(schema.type === undefined || schema.type === 'object')) return undefined
  const required = new Set(Array.isArray(schema.required) ? schema.required : [])
  const fields = Object.entries(schema.properties).map(([name, property]) => fieldOf(name, property, required.has(name)))
  return fields.every((field) => field !== undefined) ? fields : undefined
}

function fieldOf(name: string, property: unknown, required: boolean): Field | undefined {
  if (!isSchema(property)) return undefined
  const kind = kindOf(property)
  if (kind === undefined) return undefined
  const { title, description, default: standard } = property
  return {
    name, kind, required,
    label: typeof title === 'string' ? title : name,
    help: typeof description === 'string' ? description : undefined,
    choices: kind === 'choice' ? (property.enum as (string | number)[]) : [],
    initial: kind === 'boolean' ? standard === true : standard === undefined || standard === null ? '' : String(standard),
    bounds: boundsOf(property),
  }
}

function kindOf(property: Schema): Field['kind'] | undefined {
  if (Array.isArray(property.enum)) {
    return property.enum.every((one) => typeof one === 'string' || typeof one === 'number') ? 'choice' : undefined
  }
  switch (property.type) {
    case 'number':
    case 'integer':
    case 'boolean':
      return property.type
    case 'string':
      if (property.format === 'date' || property.format === 'email') return property.format
      return Number(property.maxLength ?? 0) > LONG || property.format === 'textarea' ? 'long' : 'text'
    default:
      return undefined
  }
}

function boundsOf({ minimum, maximum, minLength, maxLength, pattern }: Schema): Field['bounds'] {
  return {
    ...(typeof minimum === 'number' ? { min: minimum } : {}),
    ...(typeof maximum === 'number' ? { max: maximum } : {}),
    ...(typeof minLength === 'number' ? { minLength } : {}),
    ...(typeof maxLength === 'number' ? { maxLength } : {}),
    ...(typeof pattern === 'string' ? { pattern } : {}),
  }
}

export function initialValues(fields: readonly Field[]): Values {
  return Object.fromEntries(fields.map((field) => [field.name, field.initial]))
}

/** What is sent: what was left empty is left out, numbers are numbers. */
export function dataOf(fields: readonly Field[], values: Values): Record<string, unknown> {
  const data: Record<string, unknown> = {}
  for (const field of fields) {
    const value = values[field.name]
    if (typeof value === 'boolean') data[field.name] = value
    else if (value !== undefined && value !== '') data[field.name] = typed(field, value)
  }
  return data
}

function typed(field: Field, text: string): unknown {
  if (field.kind === 'choice') return field.choices.find((one) => String(one) === text) ?? text
  if (field.kind !== 'number' && field.kind !== 'integer') return text
  const number = Number(text)
  return Number.isFinite(number) ? number : text
}
