import {
  generatedApi,
  type ListDeadLettersApiArg,
  type ListDeadLettersApiResponse,
  type ListJobsApiArg,
  type ListJobsApiResponse,
  type ListNotificationsApiArg,
  type ListNotificationsApiResponse,
  type ListRunsApiArg,
  type ListRunsApiResponse,
  type ListTasksApiArg,
  type ListTasksApiResponse,
  type ListWorkflowsApiArg,
  type ListWorkflowsApiResponse,
} from './generated'

type Page<Arg> = Omit<Arg, 'cursor'>

const pages = {
  initialPageParam: null as string | null,
  getNextPageParam: (last: { next: string | null }) => last.next ?? undefined,
}

/** The generated API, with the lists that grow page by page. */
export const api = generatedApi.injectEndpoints({
  endpoints: (build) => ({
    pageRuns: build.infiniteQuery<ListRunsApiResponse, Page<ListRunsApiArg>, string | null>({
      infiniteQueryOptions: pages,
      query: ({ queryArg, pageParam }) => ({ url: '/v1/runs', params: { ...queryArg, cursor: pageParam ?? undefined } }),
      providesTags: ['runs'],
    }),
    pageNotifications: build.infiniteQuery<
      ListNotificationsApiResponse,
      Page<ListNotificationsApiArg>,
      string | null
    >({
      infiniteQueryOptions: pages,
      query: ({ queryArg, pageParam }) => ({
        url: '/v1/notifications',
        params: { ...queryArg, cursor: pageParam ?? undefined },
      }),
      providesTags: ['notifications'],
    }),
    pageDeadLetters: build.infiniteQuery<ListDeadLettersApiResponse, Page<ListDeadLettersApiArg>, string | null>({
      infiniteQueryOptions: pages,
      query: ({ queryArg, pageParam }) => ({
        url: '/v1/dead-letters',
        params: { ...queryArg, cursor: pageParam ?? undefined },
      }),
      providesTags: ['dead letters'],
    }),
    pageJobs: build.infiniteQuery<ListJobsApiResponse, Page<ListJobsApiArg>, string | null>({
      infiniteQueryOptions: pages,
      query: ({ queryArg, pageParam }) => ({ url: '/v1/jobs', params: { ...queryArg, cursor: pageParam ?? undefined } }),
      providesTags: ['jobs'],
    }),
    pageTasks: build.infiniteQuery<ListTasksApiResponse, Page<ListTasksApiArg>, string | null>({
      infiniteQueryOptions: pages,
      query: ({ queryArg, pageParam }) => ({ url: '/v1/tasks', params: { ...queryArg, cursor: pageParam ?? undefined } }),
      providesTags: ['tasks'],
    }),
    pageWorkflows: build.infiniteQuery<ListWorkflowsApiResponse, Page<ListWorkflowsApiArg>, string | null>({
      infiniteQueryOptions: pages,
      query: ({ queryArg, pageParam }) => ({
        url: '/v1/workflows',
        params: { ...queryArg, cursor: pageParam ?? undefined },
      }),
      providesTags: ['workflows'],
    }),
  }),
})

api.enhanceEndpoints({
  endpoints: {
    // Typing in the editor changes nothing; without this, each key would load the lists again.
    validateWorkflow: { invalidatesTags: [] },
    inferVersion: { invalidatesTags: [] },
    pauseRun: { invalidatesTags: ['runs'] },
    resumeRun: { invalidatesTags: ['runs'] },
    signalRun: { invalidatesTags: ['runs'] },
    tellStepOutcome: { invalidatesTags: ['runs'] },
    retryDeadLetter: { invalidatesTags: ['runs', 'dead letters'] },
    // Looking what would happen changes nothing.
    rerunRun: { invalidatesTags: (_, __, { body }) => (body?.dry_run ? [] : ['runs', 'dead letters']) },
    rerunRuns: { invalidatesTags: (_, __, { rerunManyRequest }) => (rerunManyRequest.dry_run ? [] : ['jobs']) },
    moveRun: { invalidatesTags: (_, __, { moveRequest }) => (moveRequest.dry_run ? [] : ['runs']) },
    retryDeadLetters: { invalidatesTags: (_, __, { retryManyRequest }) => (retryManyRequest.dry_run ? [] : ['jobs']) },
    discardDeadLetters: { invalidatesTags: (_, __, { discardManyRequest }) => (discardManyRequest.dry_run ? [] : ['jobs']) },
    // The inbox is kept right by what these answer and by the push channel.
    readNotification: { invalidatesTags: [] },
    readAllNotifications: { invalidatesTags: [] },
    postEvents: { invalidatesTags: [] },
    // The page shows what was answered; the link itself can be used no more.
    answerTaskByLink: { invalidatesTags: [] },
    login: { invalidatesTags: [] },
    register: { invalidatesTags: [] },
    logout: { invalidatesTags: [] },
    // The page is loaded anew in the other tenant.
    switchTenant: { invalidatesTags: [] },
    getMe: { keepUnusedDataFor: 3600 },
    getConfig: { keepUnusedDataFor: 3600 },
  },
})

export const {
  usePageRunsInfiniteQuery,
  usePageNotificationsInfiniteQuery,
  usePageTasksInfiniteQuery,
  usePageDeadLettersInfiniteQuery,
  usePageJobsInfiniteQuery,
  usePageWorkflowsInfiniteQuery,
} = api
