/** A text as JSON, or what is wrong with it. */
export function readJson(text: string): { value: unknown } | { fault: string } {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (caught) {
    return { fault: caught instanceof Error ? caught.message : String(caught) }
  }
}
