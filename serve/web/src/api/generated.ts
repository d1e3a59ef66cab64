import { emptyApi as api } from "./empty";
export const addTagTypes = [
  "runs",
  "events",
  "inference",
  "operating runs",
  "dead letters",
  "jobs",
  "samples",
  "workflows",
  "metrics",
  "notifications",
  "tasks",
  "usage",
  "connections",
  "models",
  "identity",
] as const;
const injectedRtkApi = api
  .enhanceEndpoints({
    addTagTypes,
  })
  .injectEndpoints({
    endpoints: (build) => ({
      startRun: build.mutation<StartRunApiResponse, StartRunApiArg>({
        query: (queryArg) => ({
          url: `/v1/workflows/${encodeURIComponent(String(queryArg["namespace"]))}/${encodeURIComponent(String(queryArg.name))}/runs`,
          method: "POST",
          body: queryArg.body,
          headers: {
            "Idempotency-Key": queryArg["Idempotency-Key"],
          },
          params: {
            version: queryArg.version,
            wait: queryArg.wait,
            sample: queryArg.sample,
            dry_run: queryArg.dryRun,
          },
        }),
        invalidatesTags: ["runs"],
      }),
      listRuns: build.query<ListRunsApiResponse, ListRunsApiArg>({
        query: (queryArg) => ({
          url: `/v1/runs`,
          params: {
            status: queryArg.status,
            namespace: queryArg["namespace"],
            name: queryArg.name,
            q: queryArg.q,
            from: queryArg["from"],
            to: queryArg.to,
            rerun_of: queryArg.rerunOf,
            dry_run: queryArg.dryRun,
            cursor: queryArg.cursor,
            limit: queryArg.limit,
          },
        }),
        providesTags: ["runs"],
      }),
      getRun: build.query<GetRunApiResponse, GetRunApiArg>({
        query: (queryArg) => ({
          url: `/v1/runs/${encodeURIComponent(String(queryArg.runId))}`,
        }),
        providesTags: ["runs"],
      }),
      getRunJournal: build.query<GetRunJournalApiResponse, GetRunJournalApiArg>(
        {
          query: (queryArg) => ({
            url: `/v1/runs/${encodeURIComponent(String(queryArg.runId))}/journal`,
            params: {
              after: queryArg.after,
              cursor: queryArg.cursor,
              limit: queryArg.limit,
            },
          }),
          providesTags: ["runs"],
        },
      ),
      cancelRun: build.mutation<CancelRunApiResponse, CancelRunApiArg>({
        query: (queryArg) => ({
          url: `/v1/runs/${encodeURIComponent(String(queryArg.runId))}/cancel`,
          method: "POST",
        }),
        invalidatesTags: ["runs"],
      }),
      postEvents: build.mutation<PostEventsApiResponse, PostEventsApiArg>({
        query: (queryArg) => ({
          url: `/v1/events`,
          method: "POST",
          body: queryArg.cloudEvent,
        }),
        invalidatesTags: ["events"],
      }),
      listEvents: build.query<ListEventsApiResponse, ListEventsApiArg>({
        query: (queryArg) => ({
          url: `/v1/events`,
          params: {
            type: queryArg["type"],
            source: queryArg.source,
            cursor: queryArg.cursor,
            limit: queryArg.limit,
          },
        }),
        providesTags: ["events"],
      }),
      inferVersion: build.mutation<InferVersionApiResponse, InferVersionApiArg>(
        {
          query: (queryArg) => ({
            url: `/v2/models/${encodeURIComponent(String(queryArg.model))}/versions/${encodeURIComponent(String(queryArg.version))}/infer`,
            method: "POST",
            body: queryArg.body,
          }),
          invalidatesTags: ["inference"],
        },
      ),
      pauseRun: build.mutation<PauseRunApiResponse, PauseRunApiArg>({
        query: (queryArg) => ({
          url: `/v1/runs/${encodeURIComponent(String(queryArg.runId))}/pause`,
          method: "POST",
          body: queryArg.body,
        }),
        invalidatesTags: ["operating runs"],
      }),
      resumeRun: build.mutation<ResumeRunApiResponse, ResumeRunApiArg>({
        query: (queryArg) => ({
          url: `/v1/runs/${encodeURIComponent(String(queryArg.runId))}/resume`,
          method: "POST",
        }),
        invalidatesTags: ["operating runs"],
      }),
      signalRun: build.mutation<SignalRunApiResponse, SignalRunApiArg>({
        query: (queryArg) => ({
          url: `/v1/runs/${encodeURIComponent(String(queryArg.runId))}/signals/${encodeURIComponent(String(queryArg.name))}`,
          method: "POST",
          body: queryArg.body,
        }),
        invalidatesTags: ["operating runs"],
      }),
      tellStepOutcome: build.mutation<
        TellStepOutcomeApiResponse,
        TellStepOutcomeApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/runs/${encodeURIComponent(String(queryArg.runId))}/steps/${encodeURIComponent(String(queryArg.seq))}/outcome`,
          method: "POST",
          body: queryArg.outcomeRequest,
        }),
        invalidatesTags: ["operating runs"],
      }),
      rerunRun: build.mutation<RerunRunApiResponse, RerunRunApiArg>({
        query: (queryArg) => ({
          url: `/v1/runs/${encodeURIComponent(String(queryArg.runId))}/rerun`,
          method: "POST",
          body: queryArg.body,
          headers: {
            "Idempotency-Key": queryArg["Idempotency-Key"],
          },
        }),
        invalidatesTags: ["operating runs"],
      }),
      rerunRuns: build.mutation<RerunRunsApiResponse, RerunRunsApiArg>({
        query: (queryArg) => ({
          url: `/v1/runs/rerun`,
          method: "POST",
          body: queryArg.rerunManyRequest,
        }),
        invalidatesTags: ["operating runs"],
      }),
      moveRun: build.mutation<MoveRunApiResponse, MoveRunApiArg>({
        query: (queryArg) => ({
          url: `/v1/runs/${encodeURIComponent(String(queryArg.runId))}/move`,
          method: "POST",
          body: queryArg.moveRequest,
        }),
        invalidatesTags: ["operating runs"],
      }),
      listDeadLetters: build.query<
        ListDeadLettersApiResponse,
        ListDeadLettersApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/dead-letters`,
          params: {
            state: queryArg.state,
            namespace: queryArg["namespace"],
            name: queryArg.name,
            q: queryArg.q,
            from: queryArg["from"],
            to: queryArg.to,
            cursor: queryArg.cursor,
            limit: queryArg.limit,
          },
        }),
        providesTags: ["dead letters"],
      }),
      getDeadLetter: build.query<GetDeadLetterApiResponse, GetDeadLetterApiArg>(
        {
          query: (queryArg) => ({
            url: `/v1/dead-letters/${encodeURIComponent(String(queryArg.runId))}`,
          }),
          providesTags: ["dead letters"],
        },
      ),
      editDeadLetter: build.mutation<
        EditDeadLetterApiResponse,
        EditDeadLetterApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/dead-letters/${encodeURIComponent(String(queryArg.runId))}`,
          method: "PATCH",
          body: queryArg.deadLetterEdits,
        }),
        invalidatesTags: ["dead letters"],
      }),
      retryDeadLetter: build.mutation<
        RetryDeadLetterApiResponse,
        RetryDeadLetterApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/dead-letters/${encodeURIComponent(String(queryArg.runId))}/retry`,
          method: "POST",
          body: queryArg.body,
        }),
        invalidatesTags: ["dead letters"],
      }),
      discardDeadLetter: build.mutation<
        DiscardDeadLetterApiResponse,
        DiscardDeadLetterApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/dead-letters/${encodeURIComponent(String(queryArg.runId))}/discard`,
          method: "POST",
        }),
        invalidatesTags: ["dead letters"],
      }),
      retryDeadLetters: build.mutation<
        RetryDeadLettersApiResponse,
        RetryDeadLettersApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/dead-letters/retry`,
          method: "POST",
          body: queryArg.retryManyRequest,
        }),
        invalidatesTags: ["dead letters"],
      }),
      discardDeadLetters: build.mutation<
        DiscardDeadLettersApiResponse,
        DiscardDeadLettersApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/dead-letters/discard`,
          method: "POST",
          body: queryArg.discardManyRequest,
        }),
        invalidatesTags: ["dead letters"],
      }),
      listJobs: build.query<ListJobsApiResponse, ListJobsApiArg>({
        query: (queryArg) => ({
          url: `/v1/jobs`,
          params: {
            cursor: queryArg.cursor,
            limit: queryArg.limit,
          },
        }),
        providesTags: ["jobs"],
      }),
      getJob: build.query<GetJobApiResponse, GetJobApiArg>({
        query: (queryArg) => ({
          url: `/v1/jobs/${encodeURIComponent(String(queryArg.jobId))}`,
        }),
        providesTags: ["jobs"],
      }),
      stopJob: build.mutation<StopJobApiResponse, StopJobApiArg>({
        query: (queryArg) => ({
          url: `/v1/jobs/${encodeURIComponent(String(queryArg.jobId))}/stop`,
          method: "POST",
        }),
        invalidatesTags: ["jobs"],
      }),
      listSamples: build.query<ListSamplesApiResponse, ListSamplesApiArg>({
        query: (queryArg) => ({
          url: `/v1/workflows/${encodeURIComponent(String(queryArg["namespace"]))}/${encodeURIComponent(String(queryArg.name))}/samples`,
        }),
        providesTags: ["samples"],
      }),
      putSample: build.mutation<PutSampleApiResponse, PutSampleApiArg>({
        query: (queryArg) => ({
          url: `/v1/workflows/${encodeURIComponent(String(queryArg["namespace"]))}/${encodeURIComponent(String(queryArg.name))}/samples/${encodeURIComponent(String(queryArg.sample))}`,
          method: "PUT",
          body: queryArg.sampleData,
        }),
        invalidatesTags: ["samples"],
      }),
      getSample: build.query<GetSampleApiResponse, GetSampleApiArg>({
        query: (queryArg) => ({
          url: `/v1/workflows/${encodeURIComponent(String(queryArg["namespace"]))}/${encodeURIComponent(String(queryArg.name))}/samples/${encodeURIComponent(String(queryArg.sample))}`,
        }),
        providesTags: ["samples"],
      }),
      deleteSample: build.mutation<DeleteSampleApiResponse, DeleteSampleApiArg>(
        {
          query: (queryArg) => ({
            url: `/v1/workflows/${encodeURIComponent(String(queryArg["namespace"]))}/${encodeURIComponent(String(queryArg.name))}/samples/${encodeURIComponent(String(queryArg.sample))}`,
            method: "DELETE",
          }),
          invalidatesTags: ["samples"],
        },
      ),
      putWorkflow: build.mutation<PutWorkflowApiResponse, PutWorkflowApiArg>({
        query: (queryArg) => ({
          url: `/v1/workflows`,
          method: "PUT",
          body: queryArg.body,
        }),
        invalidatesTags: ["workflows"],
      }),
      listWorkflows: build.query<ListWorkflowsApiResponse, ListWorkflowsApiArg>(
        {
          query: (queryArg) => ({
            url: `/v1/workflows`,
            params: {
              q: queryArg.q,
              cursor: queryArg.cursor,
              limit: queryArg.limit,
            },
          }),
          providesTags: ["workflows"],
        },
      ),
      validateWorkflow: build.mutation<
        ValidateWorkflowApiResponse,
        ValidateWorkflowApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/workflows/validate`,
          method: "POST",
          body: queryArg.body,
        }),
        invalidatesTags: ["workflows"],
      }),
      getWorkflow: build.query<GetWorkflowApiResponse, GetWorkflowApiArg>({
        query: (queryArg) => ({
          url: `/v1/workflows/${encodeURIComponent(String(queryArg["namespace"]))}/${encodeURIComponent(String(queryArg.name))}`,
        }),
        providesTags: ["workflows"],
      }),
      setWorkflowEnabled: build.mutation<
        SetWorkflowEnabledApiResponse,
        SetWorkflowEnabledApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/workflows/${encodeURIComponent(String(queryArg["namespace"]))}/${encodeURIComponent(String(queryArg.name))}`,
          method: "PATCH",
          body: queryArg.enableRequest,
        }),
        invalidatesTags: ["workflows"],
      }),
      listWorkflowVersions: build.query<
        ListWorkflowVersionsApiResponse,
        ListWorkflowVersionsApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/workflows/${encodeURIComponent(String(queryArg["namespace"]))}/${encodeURIComponent(String(queryArg.name))}/versions`,
          params: {
            cursor: queryArg.cursor,
            limit: queryArg.limit,
          },
        }),
        providesTags: ["workflows"],
      }),
      getWorkflowVersion: build.query<
        GetWorkflowVersionApiResponse,
        GetWorkflowVersionApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/workflows/${encodeURIComponent(String(queryArg["namespace"]))}/${encodeURIComponent(String(queryArg.name))}/versions/${encodeURIComponent(String(queryArg.version))}`,
        }),
        providesTags: ["workflows"],
      }),
      getMetricSeries: build.query<
        GetMetricSeriesApiResponse,
        GetMetricSeriesApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/metrics/${encodeURIComponent(String(queryArg.name))}`,
          params: {
            from: queryArg["from"],
            to: queryArg.to,
            step: queryArg.step,
            by: queryArg.by,
          },
        }),
        providesTags: ["metrics"],
      }),
      listMetrics: build.query<ListMetricsApiResponse, ListMetricsApiArg>({
        query: () => ({ url: `/v1/metrics` }),
        providesTags: ["metrics"],
      }),
      listNotifications: build.query<
        ListNotificationsApiResponse,
        ListNotificationsApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/notifications`,
          params: {
            unread: queryArg.unread,
            cursor: queryArg.cursor,
            limit: queryArg.limit,
          },
        }),
        providesTags: ["notifications"],
      }),
      readNotification: build.mutation<
        ReadNotificationApiResponse,
        ReadNotificationApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/notifications/${encodeURIComponent(String(queryArg.notificationId))}/read`,
          method: "POST",
        }),
        invalidatesTags: ["notifications"],
      }),
      readAllNotifications: build.mutation<
        ReadAllNotificationsApiResponse,
        ReadAllNotificationsApiArg
      >({
        query: () => ({ url: `/v1/notifications/read-all`, method: "POST" }),
        invalidatesTags: ["notifications"],
      }),
      listTasks: build.query<ListTasksApiResponse, ListTasksApiArg>({
        query: (queryArg) => ({
          url: `/v1/tasks`,
          params: {
            status: queryArg.status,
            mine: queryArg.mine,
            run_id: queryArg.runId,
            q: queryArg.q,
            cursor: queryArg.cursor,
            limit: queryArg.limit,
          },
        }),
        providesTags: ["tasks"],
      }),
      getTask: build.query<GetTaskApiResponse, GetTaskApiArg>({
        query: (queryArg) => ({
          url: `/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}`,
        }),
        providesTags: ["tasks"],
      }),
      answerTask: build.mutation<AnswerTaskApiResponse, AnswerTaskApiArg>({
        query: (queryArg) => ({
          url: `/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/answer`,
          method: "POST",
          body: queryArg.answerRequest,
        }),
        invalidatesTags: ["tasks"],
      }),
      assignTask: build.mutation<AssignTaskApiResponse, AssignTaskApiArg>({
        query: (queryArg) => ({
          url: `/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/assign`,
          method: "POST",
          body: queryArg.assignRequest,
        }),
        invalidatesTags: ["tasks"],
      }),
      makeTaskLink: build.mutation<MakeTaskLinkApiResponse, MakeTaskLinkApiArg>(
        {
          query: (queryArg) => ({
            url: `/v1/tasks/${encodeURIComponent(String(queryArg.taskId))}/links`,
            method: "POST",
            body: queryArg.linkRequest,
          }),
          invalidatesTags: ["tasks"],
        },
      ),
      getTaskOfLink: build.query<GetTaskOfLinkApiResponse, GetTaskOfLinkApiArg>(
        {
          query: (queryArg) => ({
            url: `/v1/task-links/${encodeURIComponent(String(queryArg.token))}`,
          }),
          providesTags: ["tasks"],
        },
      ),
      answerTaskByLink: build.mutation<
        AnswerTaskByLinkApiResponse,
        AnswerTaskByLinkApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/task-links/${encodeURIComponent(String(queryArg.token))}`,
          method: "POST",
          body: queryArg.answerRequest,
        }),
        invalidatesTags: ["tasks"],
      }),
      getWorkflowFlow: build.query<
        GetWorkflowFlowApiResponse,
        GetWorkflowFlowApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/workflows/${encodeURIComponent(String(queryArg["namespace"]))}/${encodeURIComponent(String(queryArg.name))}/flow`,
          params: {
            cursor: queryArg.cursor,
            limit: queryArg.limit,
          },
        }),
        providesTags: ["usage"],
      }),
      getQueueUsage: build.query<GetQueueUsageApiResponse, GetQueueUsageApiArg>(
        {
          query: () => ({ url: `/v1/usage/queue` }),
          providesTags: ["usage"],
        },
      ),
      putConnection: build.mutation<
        PutConnectionApiResponse,
        PutConnectionApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/connections/${encodeURIComponent(String(queryArg.name))}`,
          method: "PUT",
          body: queryArg.connectionRequest,
        }),
        invalidatesTags: ["connections"],
      }),
      deleteConnection: build.mutation<
        DeleteConnectionApiResponse,
        DeleteConnectionApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/connections/${encodeURIComponent(String(queryArg.name))}`,
          method: "DELETE",
        }),
        invalidatesTags: ["connections"],
      }),
      listConnections: build.query<
        ListConnectionsApiResponse,
        ListConnectionsApiArg
      >({
        query: () => ({ url: `/v1/connections` }),
        providesTags: ["connections"],
      }),
      listModels: build.query<ListModelsApiResponse, ListModelsApiArg>({
        query: () => ({ url: `/v1/models` }),
        providesTags: ["models"],
      }),
      listModelVersions: build.query<
        ListModelVersionsApiResponse,
        ListModelVersionsApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/models/${encodeURIComponent(String(queryArg.model))}/versions`,
        }),
        providesTags: ["models"],
      }),
      setModelAlias: build.mutation<
        SetModelAliasApiResponse,
        SetModelAliasApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/models/${encodeURIComponent(String(queryArg.model))}/aliases/${encodeURIComponent(String(queryArg.alias))}`,
          method: "PUT",
          body: queryArg.aliasRequest,
        }),
        invalidatesTags: ["models"],
      }),
      register: build.mutation<RegisterApiResponse, RegisterApiArg>({
        query: (queryArg) => ({
          url: `/v1/auth/register`,
          method: "POST",
          body: queryArg.registerRequest,
        }),
        invalidatesTags: ["identity"],
      }),
      login: build.mutation<LoginApiResponse, LoginApiArg>({
        query: (queryArg) => ({
          url: `/v1/auth/login`,
          method: "POST",
          body: queryArg.loginRequest,
        }),
        invalidatesTags: ["identity"],
      }),
      logout: build.mutation<LogoutApiResponse, LogoutApiArg>({
        query: (queryArg) => ({
          url: `/v1/auth/logout`,
          method: "POST",
          body: queryArg.body,
        }),
        invalidatesTags: ["identity"],
      }),
      switchTenant: build.mutation<SwitchTenantApiResponse, SwitchTenantApiArg>(
        {
          query: (queryArg) => ({
            url: `/v1/auth/switch`,
            method: "POST",
            body: queryArg.switchRequest,
          }),
          invalidatesTags: ["identity"],
        },
      ),
      getMe: build.query<GetMeApiResponse, GetMeApiArg>({
        query: () => ({ url: `/v1/me` }),
        providesTags: ["identity"],
      }),
      listMyTenants: build.query<ListMyTenantsApiResponse, ListMyTenantsApiArg>(
        {
          query: () => ({ url: `/v1/me/tenants` }),
          providesTags: ["identity"],
        },
      ),
      getConfig: build.query<GetConfigApiResponse, GetConfigApiArg>({
        query: () => ({ url: `/v1/config` }),
        providesTags: ["identity"],
      }),
    }),
    overrideExisting: false,
  });
export { injectedRtkApi as generatedApi };
export type StartRunApiResponse =
  | /** status 200 It ended while the request waited */ RunResult
  | /** status 201 It is durable and will run */ RunAccepted
  | /** status 202 It did not end in time; it goes on */ RunAccepted;
export type StartRunApiArg = {
  /** The document's namespace. */
  namespace: string;
  /** The document's name. */
  name: string;
  /** Default: the newest one. */
  version?: string | null;
  /** Seconds to wait for its end. */
  wait?: number;
  /** A sample; its input counts when no body is sent. */
  sample?: string | null;
  /** No outside call: calls answer with the sample's outputs. */
  dryRun?: boolean;
  /** The same key with the same body is one run, and gets the same answer, for 24 hours. */
  "Idempotency-Key"?: string;
  /** The input of the run; nothing means {}. */
  body: any;
};
export type ListRunsApiResponse = /** status 200 Successful Response */ RunPage;
export type ListRunsApiArg = {
  status?: RunStatus | null;
  namespace?: string | null;
  name?: string | null;
  /** Full-text search over workflow, input, output and error. */
  q?: string | null;
  /** Created then or later. */
  from?: string | null;
  /** Created before this time. */
  to?: string | null;
  /** Runs that run this one again. */
  rerunOf?: string | null;
  /** Dry runs instead of real ones. */
  dryRun?: boolean;
  /** `next` of the page before. */
  cursor?: string | null;
  /** How many items at most. */
  limit?: number;
};
export type GetRunApiResponse = /** status 200 Successful Response */ Run;
export type GetRunApiArg = {
  /** The id of the run. */
  runId: string;
};
export type GetRunJournalApiResponse =
  /** status 200 Successful Response */ JournalPage;
export type GetRunJournalApiArg = {
  /** The id of the run. */
  runId: string;
  /** Entries after this `seq`. */
  after?: number;
  /** `next` of the page before. */
  cursor?: number | null;
  limit?: number;
};
export type CancelRunApiResponse =
  /** status 202 Successful Response */ RunAccepted;
export type CancelRunApiArg = {
  /** The id of the run. */
  runId: string;
};
export type PostEventsApiResponse =
  /** status 202 Successful Response */ EventReceipt;
export type PostEventsApiArg = {
  /** One event, a batch, or (with ce-* headers) the data of one. */
  cloudEvent: CloudEvent;
};
export type ListEventsApiResponse =
  /** status 200 Successful Response */ EventPage;
export type ListEventsApiArg = {
  type?: string | null;
  source?: string | null;
  /** `next` of the page before. */
  cursor?: string | null;
  /** How many items at most. */
  limit?: number;
};
export type InferVersionApiResponse =
  /** status 200 Successful Response */ InferResponse;
export type InferVersionApiArg = {
  /** The name of the model. */
  model: string;
  /** A version or an alias. */
  version: string;
  /** JSON, or JSON and after it the binary part, as Inference-Header-Content-Length tells. */
  body: {
    id?: string;
    /** Tensors, or (our short form) input name -> value. */
    inputs:
      | {
          name: string;
          shape: number[];
          datatype: string;
          data?: any[];
          parameters?: object;
        }[]
      | object;
    outputs?: object[];
    parameters?: object;
  };
};
export type PauseRunApiResponse =
  /** status 202 Successful Response */ RunAccepted;
export type PauseRunApiArg = {
  /** The id of the run. */
  runId: string;
  body: PauseRequest | null;
};
export type ResumeRunApiResponse =
  /** status 202 Successful Response */ RunAccepted;
export type ResumeRunApiArg = {
  /** The id of the run. */
  runId: string;
};
export type SignalRunApiResponse =
  /** status 202 Successful Response */ Signalled;
export type SignalRunApiArg = {
  /** The id of the run. */
  runId: string;
  /** What happened. */
  name: string;
  /** The data of the signal; nothing means null. */
  body: any;
};
export type TellStepOutcomeApiResponse =
  /** status 202 Successful Response */ RunAccepted;
export type TellStepOutcomeApiArg = {
  /** The id of the run. */
  runId: string;
  /** `data.step` of the entry task.outcome_unknown. */
  seq: number;
  outcomeRequest: OutcomeRequest;
};
export type RerunRunApiResponse =
  | /** status 200 What would happen (dry_run) */ RerunPreview
  | /** status 201 A new run, linked to this one */ Rerun;
export type RerunRunApiArg = {
  /** The id of the run. */
  runId: string;
  /** The same key with the same body is one run, and gets the same answer, for 24 hours. */
  "Idempotency-Key"?: string;
  body: RerunRequest | null;
};
export type RerunRunsApiResponse =
  | /** status 200 What would happen (dry_run) */ RerunPreview
  | /** status 202 A job that does it */ Job;
export type RerunRunsApiArg = {
  rerunManyRequest: RerunManyRequest;
};
export type MoveRunApiResponse =
  | /** status 200 It can move there (dry_run) */ MovePreview
  | /** status 202 It will move; its journal tells */ RunAccepted;
export type MoveRunApiArg = {
  /** The id of the run. */
  runId: string;
  moveRequest: MoveRequest;
};
export type ListDeadLettersApiResponse =
  /** status 200 Successful Response */ DeadLetterPage;
export type ListDeadLettersApiArg = {
  /** What became of them. */
  state?: "open" | "retried" | "discarded";
  namespace?: string | null;
  name?: string | null;
  /** Full-text search. */
  q?: string | null;
  /** Created then or later. */
  from?: string | null;
  /** Created before this time. */
  to?: string | null;
  /** `next` of the page before. */
  cursor?: string | null;
  /** How many items at most. */
  limit?: number;
};
export type GetDeadLetterApiResponse =
  /** status 200 Successful Response */ DeadLetter;
export type GetDeadLetterApiArg = {
  /** The id of the run. */
  runId: string;
};
export type EditDeadLetterApiResponse =
  /** status 200 Successful Response */ DeadLetter;
export type EditDeadLetterApiArg = {
  /** The id of the run. */
  runId: string;
  deadLetterEdits: DeadLetterEdits;
};
export type RetryDeadLetterApiResponse =
  /** status 201 Successful Response */ Rerun;
export type RetryDeadLetterApiArg = {
  /** The id of the run. */
  runId: string;
  body: RetryRequest | null;
};
export type DiscardDeadLetterApiResponse =
  /** status 200 Successful Response */ DeadLetter;
export type DiscardDeadLetterApiArg = {
  /** The id of the run. */
  runId: string;
};
export type RetryDeadLettersApiResponse =
  | /** status 200 What would happen (dry_run) */ RerunPreview
  | /** status 202 A job that does it */ Job;
export type RetryDeadLettersApiArg = {
  retryManyRequest: RetryManyRequest;
};
export type DiscardDeadLettersApiResponse =
  | /** status 200 What would happen (dry_run) */ RerunPreview
  | /** status 202 A job that does it */ Job;
export type DiscardDeadLettersApiArg = {
  discardManyRequest: DiscardManyRequest;
};
export type ListJobsApiResponse = /** status 200 Successful Response */ JobPage;
export type ListJobsApiArg = {
  /** `next` of the page before. */
  cursor?: string | null;
  /** How many items at most. */
  limit?: number;
};
export type GetJobApiResponse = /** status 200 Successful Response */ Job;
export type GetJobApiArg = {
  /** The id of the job. */
  jobId: string;
};
export type StopJobApiResponse = /** status 200 Successful Response */ Job;
export type StopJobApiArg = {
  /** The id of the job. */
  jobId: string;
};
export type ListSamplesApiResponse =
  /** status 200 Successful Response */ SampleList;
export type ListSamplesApiArg = {
  /** The document's namespace. */
  namespace: string;
  /** The document's name. */
  name: string;
};
export type PutSampleApiResponse =
  | /** status 200 Successful Response */ Sample
  | /** status 201 A new one */ Sample;
export type PutSampleApiArg = {
  /** The document's namespace. */
  namespace: string;
  /** The document's name. */
  name: string;
  sample: string;
  sampleData: SampleData;
};
export type GetSampleApiResponse = /** status 200 Successful Response */ Sample;
export type GetSampleApiArg = {
  /** The document's namespace. */
  namespace: string;
  /** The document's name. */
  name: string;
  sample: string;
};
export type DeleteSampleApiResponse = unknown;
export type DeleteSampleApiArg = {
  /** The document's namespace. */
  namespace: string;
  /** The document's name. */
  name: string;
  sample: string;
};
export type PutWorkflowApiResponse =
  | /** status 200 Successful Response */ StoredVersion
  | /** status 201 A new version */ StoredVersion;
export type PutWorkflowApiArg = {
  /** A Serverless Workflow DSL 1.0.3 document. */
  body: string;
};
export type ListWorkflowsApiResponse =
  /** status 200 Successful Response */ WorkflowPage;
export type ListWorkflowsApiArg = {
  /** Part of namespace, name, title or summary. */
  q?: string | null;
  /** `next` of the page before. */
  cursor?: string | null;
  /** How many items at most. */
  limit?: number;
};
export type ValidateWorkflowApiResponse =
  /** status 200 Successful Response */ Validation;
export type ValidateWorkflowApiArg = {
  /** What may be a Serverless Workflow DSL 1.0.3 document, or not. */
  body: any;
};
export type GetWorkflowApiResponse =
  /** status 200 Successful Response */ Workflow;
export type GetWorkflowApiArg = {
  /** The document's namespace. */
  namespace: string;
  /** The document's name. */
  name: string;
};
export type SetWorkflowEnabledApiResponse =
  /** status 200 Successful Response */ Workflow;
export type SetWorkflowEnabledApiArg = {
  /** The document's namespace. */
  namespace: string;
  /** The document's name. */
  name: string;
  enableRequest: EnableRequest;
};
export type ListWorkflowVersionsApiResponse =
  /** status 200 Successful Response */ VersionPage;
export type ListWorkflowVersionsApiArg = {
  /** The document's namespace. */
  namespace: string;
  /** The document's name. */
  name: string;
  /** `next` of the page before. */
  cursor?: string | null;
  /** How many items at most. */
  limit?: number;
};
export type GetWorkflowVersionApiResponse =
  /** status 200 Successful Response */ Version;
export type GetWorkflowVersionApiArg = {
  /** The document's namespace. */
  namespace: string;
  /** The document's name. */
  name: string;
  /** A semantic version. */
  version: string;
};
export type GetMetricSeriesApiResponse =
  /** status 200 Successful Response */ MetricSeries;
export type GetMetricSeriesApiArg = {
  /** The name of the metric. */
  name: string;
  /** Default: 360 windows before. */
  from?: string | null;
  /** Default: now, with the open window. */
  to?: string | null;
  /** Seconds in a window. */
  step?: "10" | "60" | "3600";
  /** Dimensions to keep apart. */
  by?: string[] | null;
};
export type ListMetricsApiResponse =
  /** status 200 Successful Response */ Metrics;
export type ListMetricsApiArg = void;
export type ListNotificationsApiResponse =
  /** status 200 Successful Response */ NotificationPage;
export type ListNotificationsApiArg = {
  /** Only those not read yet. */
  unread?: boolean;
  /** `next` of the page before. */
  cursor?: string | null;
  /** How many items at most. */
  limit?: number;
};
export type ReadNotificationApiResponse =
  /** status 200 Successful Response */ Unread;
export type ReadNotificationApiArg = {
  /** The id of the notification. */
  notificationId: string;
};
export type ReadAllNotificationsApiResponse =
  /** status 200 Successful Response */ Unread;
export type ReadAllNotificationsApiArg = void;
export type ListTasksApiResponse =
  /** status 200 Successful Response */ TaskPage;
export type ListTasksApiArg = {
  status?: TaskStatus | null;
  /** Only what is with the caller or the caller's role. */
  mine?: boolean;
  /** Only those of this run. */
  runId?: string | null;
  /** Part of the title or body. */
  q?: string | null;
  /** `next` of the page before. */
  cursor?: string | null;
  /** How many items at most. */
  limit?: number;
};
export type GetTaskApiResponse = /** status 200 Successful Response */ Task;
export type GetTaskApiArg = {
  /** The id of the task. */
  taskId: string;
};
export type AnswerTaskApiResponse = /** status 200 Successful Response */ Task;
export type AnswerTaskApiArg = {
  /** The id of the task. */
  taskId: string;
  answerRequest: AnswerRequest;
};
export type AssignTaskApiResponse = /** status 200 Successful Response */ Task;
export type AssignTaskApiArg = {
  /** The id of the task. */
  taskId: string;
  assignRequest: AssignRequest;
};
export type MakeTaskLinkApiResponse =
  /** status 201 Successful Response */ TaskLink;
export type MakeTaskLinkApiArg = {
  /** The id of the task. */
  taskId: string;
  linkRequest: LinkRequest;
};
export type GetTaskOfLinkApiResponse =
  /** status 200 Successful Response */ AskedByLink;
export type GetTaskOfLinkApiArg = {
  /** The token of a link. */
  token: string;
};
export type AnswerTaskByLinkApiResponse =
  /** status 200 Successful Response */ AnsweredByLink;
export type AnswerTaskByLinkApiArg = {
  /** The token of a link. */
  token: string;
  answerRequest: AnswerRequest;
};
export type GetWorkflowFlowApiResponse =
  /** status 200 Successful Response */ Flow;
export type GetWorkflowFlowApiArg = {
  /** The document's namespace. */
  namespace: string;
  /** The document's name. */
  name: string;
  /** `next` of the page before. */
  cursor?: string | null;
  /** How many items at most. */
  limit?: number;
};
export type GetQueueUsageApiResponse =
  /** status 200 Successful Response */ QueueUsage;
export type GetQueueUsageApiArg = void;
export type PutConnectionApiResponse =
  | /** status 200 Successful Response */ Connection
  | /** status 201 A new connection */ Connection;
export type PutConnectionApiArg = {
  name: string;
  connectionRequest: ConnectionRequest;
};
export type DeleteConnectionApiResponse = unknown;
export type DeleteConnectionApiArg = {
  name: string;
};
export type ListConnectionsApiResponse =
  /** status 200 Successful Response */ Connections;
export type ListConnectionsApiArg = void;
export type ListModelsApiResponse =
  /** status 200 Successful Response */ Models;
export type ListModelsApiArg = void;
export type ListModelVersionsApiResponse =
  /** status 200 Successful Response */ ModelVersions;
export type ListModelVersionsApiArg = {
  /** The name of the model. */
  model: string;
};
export type SetModelAliasApiResponse =
  /** status 200 Successful Response */ Alias;
export type SetModelAliasApiArg = {
  /** The name of the model. */
  model: string;
  /** The alias. */
  alias: string;
  aliasRequest: AliasRequest;
};
export type RegisterApiResponse = /** status 201 Successful Response */ Tokens;
export type RegisterApiArg = {
  registerRequest: RegisterRequest;
};
export type LoginApiResponse = /** status 200 Successful Response */ Tokens;
export type LoginApiArg = {
  loginRequest: LoginRequest;
};
export type LogoutApiResponse = unknown;
export type LogoutApiArg = {
  body: RefreshRequest | null;
};
export type SwitchTenantApiResponse =
  /** status 200 Successful Response */ Tokens;
export type SwitchTenantApiArg = {
  switchRequest: SwitchRequest;
};
export type GetMeApiResponse = /** status 200 Successful Response */ Me;
export type GetMeApiArg = void;
export type ListMyTenantsApiResponse =
  /** status 200 Successful Response */ MyTenants;
export type ListMyTenantsApiArg = void;
export type GetConfigApiResponse = /** status 200 Successful Response */ Config;
export type GetConfigApiArg = void;
export type RunStatus =
  | "pending"
  | "running"
  | "waiting"
  | "suspended"
  | "cancelled"
  | "faulted"
  | "completed";
export type RunError = {
  type: string;
  status: number;
  title?: string | null;
  detail?: string | null;
  instance?: string | null;
  [key: string]: any;
};
export type RunResult = {
  id: string;
  status: RunStatus;
  /** Any JSON value. */
  output: any;
  error: RunError | null;
};
export type RunAccepted = {
  id: string;
  status: RunStatus;
};
export type ProblemError = {
  pointer: string;
  detail: string;
  /** path, query, header or cookie; absent for the body */
  in?: string | null;
  line?: number | null;
  column?: number | null;
};
export type ProblemLimit = {
  name: string;
  value: number;
};
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  errors?: ProblemError[];
  limit?: ProblemLimit | null;
  request_id?: string | null;
};
export type WorkflowVersionRef = {
  namespace: string;
  name: string;
  version: string;
};
export type RunCause = {
  kind?: string | null;
  [key: string]: any;
};
export type RunSummary = {
  id: string;
  workflow: WorkflowVersionRef;
  status: RunStatus;
  cause: RunCause | null;
  error: RunError | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  last_seq: number;
  dry_run: boolean;
};
export type RunPage = {
  items: RunSummary[];
  next: string | null;
};
export type UndecidedStep = {
  seq: number;
  task: string;
  path: number[];
  since: string;
};
export type FlowLimit = {
  kind: "concurrency" | "throttle" | "debounce" | "singleton";
  limit?: number | null;
  period?: number | null;
};
export type WaitingFor = {
  key: string;
  position: number;
  limit: FlowLimit;
  since: string;
  not_before: string | null;
};
export type Run = {
  id: string;
  workflow: WorkflowVersionRef;
  status: RunStatus;
  cause: RunCause | null;
  error: RunError | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  last_seq: number;
  dry_run: boolean;
  /** Any JSON value. */
  input: any;
  /** Any JSON value. */
  output: any;
  cancel_requested_at: string | null;
  rerun_of: string | null;
  undecided: UndecidedStep[];
  waiting_for: WaitingFor | null;
};
export type EntryType =
  | "run.started"
  | "run.completed"
  | "run.faulted"
  | "run.cancelled"
  | "run.suspended"
  | "run.resumed"
  | "run.signalled"
  | "run.cancelling"
  | "run.moved"
  | "run.move_refused"
  | "run.edited"
  | "task.started"
  | "task.completed"
  | "task.faulted"
  | "task.retried"
  | "task.cancelled"
  | "task.skipped"
  | "task.outcome_unknown"
  | "task.outcome_decided"
  | "task.escalated"
  | "task.received"
  | "task.iterated";
export type JournalEntry = {
  seq: number;
  type: EntryType;
  task: string;
  path: number[];
  at: string;
  data: {
    [key: string]: any;
  };
};
export type JournalPage = {
  items: JournalEntry[];
  next: string | null;
};
export type EventReceipt = {
  accepted: number;
  duplicates: number;
};
export type CloudEvent = {
  specversion: "1.0";
  id: string;
  source: string;
  type: string;
  subject?: string | null;
  time?: string | null;
  datacontenttype?: string | null;
  /** Any JSON value. */
  data?: any;
  [key: string]: any;
};
export type StoredEvent = {
  specversion: "1.0";
  id: string;
  source: string;
  type: string;
  subject?: string | null;
  time?: string | null;
  datacontenttype?: string | null;
  /** Any JSON value. */
  data?: any;
  receivedat: string;
  [key: string]: any;
};
export type EventPage = {
  items: StoredEvent[];
  next: string | null;
};
export type OutputTensor = {
  name: string;
  datatype: string;
  shape: number[];
  data?: any[] | null;
  parameters?: {
    [key: string]: any;
  } | null;
};
export type InferResponse = {
  model_name: string;
  model_version: string;
  id?: string | null;
  outputs:
    | OutputTensor[]
    | {
        [key: string]: any;
      };
};
export type PauseRequest = {
  reason?: string;
};
export type SignalEvent = {
  id: string;
  source: string;
  type: string;
  subject: string;
};
export type Signalled = {
  id: string;
  event: SignalEvent;
};
export type JsonValue = any;
export type OutcomeRequest = {
  happened: boolean;
  output?: JsonValue;
};
export type RepeatedCall = {
  task: string;
  calls: number;
};
export type Refusal = {
  id: string;
  reason: string;
};
export type RerunPreview = {
  count: number;
  samples: string[];
  repeated: RepeatedCall[];
  refused: Refusal[];
};
export type Rerun = {
  id: string;
  status: RunStatus;
  rerun_of: string;
};
export type RerunRequest = {
  task?: string | null;
  path?: number[] | null;
  version?: string | null;
  input?: JsonValue | null;
  step_input?: JsonValue | null;
  dry_run?: boolean;
};
export type JobReason = {
  id?: string | null;
  reason: string;
};
export type Job = {
  id: string;
  kind: "rerun" | "retry" | "discard";
  state: "queued" | "running" | "stopped" | "done";
  total: number;
  done: number;
  skipped: number;
  reasons: JobReason[];
  spec: {
    [key: string]: any;
  };
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
};
export type RunWhere = {
  status?: RunStatus | null;
  namespace?: string | null;
  name?: string | null;
  /** Full-text search. */
  q?: string | null;
  /** Created then or later. */
  from?: string | null;
  /** Created before this time. */
  to?: string | null;
};
export type RerunManyRequest = {
  where: RunWhere;
  task?: string | null;
  version?: string | null;
  dry_run?: boolean;
};
export type MovePreview = {
  id: string;
  version: string;
};
export type MoveRequest = {
  version: string;
  dry_run?: boolean;
};
export type DeadLetterSummary = {
  run_id: string;
  workflow: WorkflowVersionRef;
  task: string | null;
  path: number[];
  attempts: number;
  error: RunError;
  created_at: string;
  faulted_at: string;
  state: "open" | "retried" | "discarded";
  edits: {
    [key: string]: any;
  } | null;
  retried_as: string | null;
  updated_at: string | null;
};
export type DeadLetterPage = {
  items: DeadLetterSummary[];
  next: string | null;
};
export type DeadLetter = {
  run_id: string;
  workflow: WorkflowVersionRef;
  task: string | null;
  path: number[];
  attempts: number;
  error: RunError;
  created_at: string;
  faulted_at: string;
  state: "open" | "retried" | "discarded";
  edits: {
    [key: string]: any;
  } | null;
  retried_as: string | null;
  updated_at: string | null;
  /** Any JSON value. */
  input: any;
  /** Any JSON value. */
  step_input: any;
};
export type DeadLetterEdits = {
  input?: JsonValue | null;
  step_input?: JsonValue | null;
};
export type RetryRequest = {
  from?: "step" | "start";
  version?: string | null;
};
export type LetterWhere = {
  namespace?: string | null;
  name?: string | null;
  /** Full-text search. */
  q?: string | null;
  /** Created then or later. */
  from?: string | null;
  /** Created before this time. */
  to?: string | null;
};
export type RetryManyRequest = {
  where: LetterWhere;
  version?: string | null;
  dry_run?: boolean;
};
export type DiscardManyRequest = {
  where: LetterWhere;
  dry_run?: boolean;
};
export type JobPage = {
  items: Job[];
  next: string | null;
};
export type SampleSummary = {
  sample: string;
  updated_at: string;
};
export type SampleList = {
  items: SampleSummary[];
};
export type Sample = {
  sample: string;
  updated_at: string;
  /** Any JSON value. */
  input: any;
  outputs: {
    [key: string]: any;
  };
};
export type SampleData = {
  input: JsonValue;
  outputs?: {
    [key: string]: JsonValue;
  };
};
export type StoredVersion = {
  namespace: string;
  name: string;
  version: string;
  title: string;
  summary: string;
  created: boolean;
};
export type Workflow = {
  namespace: string;
  name: string;
  latest_version: string;
  title: string;
  summary: string;
  enabled: boolean;
  created_at: string;
  updated_at: string;
};
export type WorkflowPage = {
  items: Workflow[];
  next: string | null;
};
export type DefinitionFault = {
  pointer: string;
  detail: string;
  line?: number | null;
  column?: number | null;
};
export type Validation = {
  valid: boolean;
  errors: DefinitionFault[];
};
export type EnableRequest = {
  enabled: boolean;
};
export type VersionSummary = {
  version: string;
  media_type: string;
  created_at: string;
  created_by: string | null;
};
export type VersionPage = {
  items: VersionSummary[];
  next: string | null;
};
export type Version = {
  namespace: string;
  name: string;
  version: string;
  media_type: string;
  source: string;
  /** Any JSON value. */
  definition: any;
  created_at: string;
};
export type Point = {
  start: string;
  count: number;
  sum: number;
  min: number | null;
  max: number | null;
  avg: number | null;
  p50: number | null;
  p90: number | null;
  p99: number | null;
  uniques: number | null;
};
export type Series = {
  dimensions: {
    [key: string]: string;
  };
  points: Point[];
};
export type MetricSeries = {
  metric: string;
  step: 10 | 60 | 3600;
  series: Series[];
};
export type Dimension = {
  name: string;
  pointer: string;
};
export type Metric = {
  name: string;
  type: string;
  value: string | null;
  dimensions: Dimension[];
  unique: string | null;
  description: string;
  built_in: boolean;
};
export type Metrics = {
  items: Metric[];
  next?: null;
};
export type Notification = {
  id: string;
  severity: "info" | "success" | "warning" | "critical";
  title: string;
  body: string;
  link: string | null;
  run_id: string | null;
  created_at: string;
  read_at: string | null;
};
export type NotificationPage = {
  items: Notification[];
  next: string | null;
  unread: number;
};
export type Unread = {
  unread: number;
};
export type TaskStatus = "open" | "answered" | "expired" | "cancelled";
export type Assignee = {
  user?: string | null;
  role?: string | null;
};
export type TaskAnswerer = {
  user?: string | null;
  link?: string | null;
};
export type TaskMove = {
  at: string;
  from: Assignee;
  to: Assignee;
  by: TaskAnswerer | null;
};
export type PlannedMove = {
  at: string;
  to: Assignee;
};
export type TaskAnswer = {
  decision: string;
  /** Any JSON value. */
  data: any;
  comment: string;
  by: TaskAnswerer | null;
  at: string;
};
export type Task = {
  id: string;
  run_id: string;
  workflow: WorkflowVersionRef;
  task: string;
  status: TaskStatus;
  title: string;
  body: string;
  assignee: Assignee;
  decisions: string[];
  /** JSON Schema of the answer's data. */
  form: {
    [key: string]: any;
  } | null;
  due_at: string;
  created_at: string;
  closed_at: string | null;
  escalations: TaskMove[];
  next_escalation: PlannedMove | null;
  /** Whether the caller may answer it now. */
  may_answer: boolean;
  answer: TaskAnswer | null;
};
export type TaskPage = {
  items: Task[];
  next: string | null;
  open: number;
  mine: number;
};
export type AnswerRequest = {
  decision: string;
  /** Any JSON value. */
  data?: any;
  comment?: string;
};
export type TaskAssignee =
  | {
      user: string | null;
      role?:
        | (
            | "viewer"
            | "analyst"
            | "operator"
            | "data_scientist"
            | "editor"
            | "admin"
            | "owner"
          )
        | null;
    }
  | {
      user?: string | null;
      role:
        | (
            | "viewer"
            | "analyst"
            | "operator"
            | "data_scientist"
            | "editor"
            | "admin"
            | "owner"
          )
        | null;
    };
export type AssignRequest = {
  assignee: TaskAssignee;
};
export type TaskLink = {
  token: string;
  path: string;
  page: string;
  decisions: string[];
  expires_at: string;
};
export type LinkRequest = {
  name: string;
  decisions?: string[] | null;
  expires_in?: number | null;
};
export type AskedByLink = {
  tenant: string;
  name: string;
  title: string;
  body: string;
  decisions: string[];
  form: {
    [key: string]: any;
  } | null;
  status: TaskStatus;
  due_at: string;
  expires_at: string;
};
export type AnsweredByLink = {
  status: "answered";
  answer: TaskAnswer;
};
export type FlowKey = {
  key: string;
  running: number;
  waiting: number;
  refused: number;
  last_refused_at: string | null;
  due_at: string | null;
};
export type Flow = {
  control: {
    [key: string]: any;
  } | null;
  items: FlowKey[];
  next: string | null;
};
export type QueueUsage = {
  /** Accepted, not started; counted up to 100,000. */
  waiting: number;
  /** How many of these wait for flow control. */
  held: number;
  /** Started and not ended. */
  running: number;
  oldest_at: string | null;
  /** Seconds since the oldest that waits was accepted. */
  oldest_age: number | null;
  /** Tenants of the same shard with runs waiting, this one too. */
  tenants_waiting: number;
  /** The part of the shard's next starts that is this tenant's. */
  share: number;
};
export type ConnectionAuth = {
  kind: "bearer" | "basic" | "header";
  username?: string | null;
  name?: string | null;
};
export type Quota = {
  requests: number;
  per_seconds: number;
};
export type Breaker = {
  failures?: number;
  reset_seconds?: number;
};
export type Connection = {
  name: string;
  base_url: string;
  auth: ConnectionAuth | null;
  quota: Quota | null;
  breaker: Breaker;
  state: {
    [key: string]: any;
  } | null;
  created_at: string;
  updated_at: string;
};
export type BasicAuth = {
  kind: "basic";
  username: string;
  password: string;
};
export type BearerAuth = {
  kind: "bearer";
  token: string;
};
export type HeaderAuth = {
  kind: "header";
  name: string;
  value: string;
};
export type ConnectionRequest = {
  base_url: string;
  auth?:
    | (
        | ({
            kind: "basic";
          } & BasicAuth)
        | ({
            kind: "bearer";
          } & BearerAuth)
        | ({
            kind: "header";
          } & HeaderAuth)
      )
    | null;
  quota?: Quota | null;
  breaker?: Breaker;
};
export type Connections = {
  items: Connection[];
  next?: null;
};
export type ModelTensor = {
  name: string;
  datatype: string;
  shape: number[];
};
export type ModelVersion = {
  model: string;
  version: string;
  framework: string;
  description: string;
  inputs: ModelTensor[];
  outputs: ModelTensor[];
  metrics: {
    [key: string]: any;
  };
  training: {
    [key: string]: any;
  };
  example: {
    [key: string]: any;
  } | null;
  aliases: string[];
  /** Of the bundle, in hexadecimal. */
  sha256: string;
  size_bytes: number;
  created_at: string;
  created_by: string | null;
};
export type Model = {
  model: string;
  aliases: {
    [key: string]: string;
  };
  latest: ModelVersion;
  versions: number;
};
export type Models = {
  items: Model[];
  next?: null;
};
export type ModelVersions = {
  items: ModelVersion[];
  next?: null;
};
export type Alias = {
  model: string;
  alias: string;
  version: string;
};
export type AliasRequest = {
  version: string;
};
export type Tokens = {
  access_token: string;
  refresh_token: string;
  token_type?: "Bearer";
  expires_in: number;
};
export type RegisterRequest = {
  email: string;
  password: string;
  tenant: string;
};
export type LoginRequest = {
  email: string;
  password: string;
  tenant?: string | null;
};
export type RefreshRequest = {
  refresh_token?: string | null;
};
export type SwitchRequest = {
  tenant: string;
};
export type MeUser = {
  id: string;
  email: string;
};
export type MeTenant = {
  id: string;
  name: string;
  display_name: string;
};
export type Me = {
  user: MeUser;
  tenant: MeTenant;
  role: string;
  permissions: string[];
};
export type MyTenant = {
  id: string;
  name: string;
  display_name: string;
  role: string;
};
export type MyTenants = {
  items: MyTenant[];
  next?: null;
};
export type Config = {
  version: string;
  /** Address of the push gateway; null: /connection/websocket here. */
  push_url: string | null;
};
export const {
  useStartRunMutation,
  useListRunsQuery,
  useGetRunQuery,
  useGetRunJournalQuery,
  useCancelRunMutation,
  usePostEventsMutation,
  useListEventsQuery,
  useInferVersionMutation,
  usePauseRunMutation,
  useResumeRunMutation,
  useSignalRunMutation,
  useTellStepOutcomeMutation,
  useRerunRunMutation,
  useRerunRunsMutation,
  useMoveRunMutation,
  useListDeadLettersQuery,
  useGetDeadLetterQuery,
  useEditDeadLetterMutation,
  useRetryDeadLetterMutation,
  useDiscardDeadLetterMutation,
  useRetryDeadLettersMutation,
  useDiscardDeadLettersMutation,
  useListJobsQuery,
  useGetJobQuery,
  useStopJobMutation,
  useListSamplesQuery,
  usePutSampleMutation,
  useGetSampleQuery,
  useDeleteSampleMutation,
  usePutWorkflowMutation,
  useListWorkflowsQuery,
  useValidateWorkflowMutation,
  useGetWorkflowQuery,
  useSetWorkflowEnabledMutation,
  useListWorkflowVersionsQuery,
  useGetWorkflowVersionQuery,
  useGetMetricSeriesQuery,
  useListMetricsQuery,
  useListNotificationsQuery,
  useReadNotificationMutation,
  useReadAllNotificationsMutation,
  useListTasksQuery,
  useGetTaskQuery,
  useAnswerTaskMutation,
  useAssignTaskMutation,
  useMakeTaskLinkMutation,
  useGetTaskOfLinkQuery,
  useAnswerTaskByLinkMutation,
  useGetWorkflowFlowQuery,
  useGetQueueUsageQuery,
  usePutConnectionMutation,
  useDeleteConnectionMutation,
  useListConnectionsQuery,
  useListModelsQuery,
  useListModelVersionsQuery,
  useSetModelAliasMutation,
  useRegisterMutation,
  useLoginMutation,
  useLogoutMutation,
  useSwitchTenantMutation,
  useGetMeQuery,
  useListMyTenantsQuery,
  useGetConfigQuery,
} = injectedRtkApi;
// sha256 62a50f4f58c44c7719d0ed6f6bf04c63c6186c92ec604b406e24f576fa507622
