import { useGetMeQuery } from '../api/generated'

/** Whether the role of the caller allows something. The server decides; this only hides what it would refuse. */
export function useMay(): (permission: string) => boolean {
  const { data } = useGetMeQuery()
  return (permission) => data?.permissions.includes(permission) ?? false
}
