import {
  generatedApi,
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
  usePageWorkflowsInfiniteQuery,
} = api
