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
  "second factors",
  "authorization",
  "roles",
  "grants",
  "members",
  "service accounts",
  "API keys",
  "single sign-on",
  "tenant",
  "audit",
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
      getUsage: build.query<GetUsageApiResponse, GetUsageApiArg>({
        query: (queryArg) => ({
          url: `/v1/usage`,
          params: {
            days: queryArg.days,
          },
        }),
        providesTags: ["usage"],
      }),
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
      updateMe: build.mutation<UpdateMeApiResponse, UpdateMeApiArg>({
        query: (queryArg) => ({
          url: `/v1/me`,
          method: "PATCH",
          body: queryArg.profileRequest,
        }),
        invalidatesTags: ["identity"],
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
      getMfaPolicy: build.query<GetMfaPolicyApiResponse, GetMfaPolicyApiArg>({
        query: () => ({ url: `/v1/mfa-policy` }),
        providesTags: ["second factors"],
      }),
      putMfaPolicy: build.mutation<PutMfaPolicyApiResponse, PutMfaPolicyApiArg>(
        {
          query: (queryArg) => ({
            url: `/v1/mfa-policy`,
            method: "PUT",
            body: queryArg.mfaPolicyRequest,
          }),
          invalidatesTags: ["second factors"],
        },
      ),
      getMyPermissions: build.query<
        GetMyPermissionsApiResponse,
        GetMyPermissionsApiArg
      >({
        query: () => ({ url: `/v1/me/permissions` }),
        providesTags: ["authorization"],
      }),
      explainDecision: build.mutation<
        ExplainDecisionApiResponse,
        ExplainDecisionApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/authorization/explain`,
          method: "POST",
          body: queryArg.explainRequest,
        }),
        invalidatesTags: ["authorization"],
      }),
      listRoles: build.query<ListRolesApiResponse, ListRolesApiArg>({
        query: () => ({ url: `/v1/roles` }),
        providesTags: ["roles"],
      }),
      createRole: build.mutation<CreateRoleApiResponse, CreateRoleApiArg>({
        query: (queryArg) => ({
          url: `/v1/roles`,
          method: "POST",
          body: queryArg.newRoleRequest,
        }),
        invalidatesTags: ["roles"],
      }),
      changeRole: build.mutation<ChangeRoleApiResponse, ChangeRoleApiArg>({
        query: (queryArg) => ({
          url: `/v1/roles/${encodeURIComponent(String(queryArg.role))}`,
          method: "PUT",
          body: queryArg.roleRequest,
        }),
        invalidatesTags: ["roles"],
      }),
      deleteRole: build.mutation<DeleteRoleApiResponse, DeleteRoleApiArg>({
        query: (queryArg) => ({
          url: `/v1/roles/${encodeURIComponent(String(queryArg.role))}`,
          method: "DELETE",
        }),
        invalidatesTags: ["roles"],
      }),
      createGrant: build.mutation<CreateGrantApiResponse, CreateGrantApiArg>({
        query: (queryArg) => ({
          url: `/v1/grants`,
          method: "POST",
          body: queryArg.grantRequest,
        }),
        invalidatesTags: ["grants"],
      }),
      listGrants: build.query<ListGrantsApiResponse, ListGrantsApiArg>({
        query: (queryArg) => ({
          url: `/v1/grants`,
          params: {
            subject_kind: queryArg.subjectKind,
            subject: queryArg.subject,
            resource: queryArg.resource,
            instance: queryArg.instance,
            cursor: queryArg.cursor,
            limit: queryArg.limit,
          },
        }),
        providesTags: ["grants"],
      }),
      getGrant: build.query<GetGrantApiResponse, GetGrantApiArg>({
        query: (queryArg) => ({
          url: `/v1/grants/${encodeURIComponent(String(queryArg.grantId))}`,
        }),
        providesTags: ["grants"],
      }),
      deleteGrant: build.mutation<DeleteGrantApiResponse, DeleteGrantApiArg>({
        query: (queryArg) => ({
          url: `/v1/grants/${encodeURIComponent(String(queryArg.grantId))}`,
          method: "DELETE",
        }),
        invalidatesTags: ["grants"],
      }),
      listMembers: build.query<ListMembersApiResponse, ListMembersApiArg>({
        query: (queryArg) => ({
          url: `/v1/members`,
          params: {
            q: queryArg.q,
            role: queryArg.role,
            cursor: queryArg.cursor,
            limit: queryArg.limit,
          },
        }),
        providesTags: ["members"],
      }),
      getMember: build.query<GetMemberApiResponse, GetMemberApiArg>({
        query: (queryArg) => ({
          url: `/v1/members/${encodeURIComponent(String(queryArg.userId))}`,
        }),
        providesTags: ["members"],
      }),
      changeMember: build.mutation<ChangeMemberApiResponse, ChangeMemberApiArg>(
        {
          query: (queryArg) => ({
            url: `/v1/members/${encodeURIComponent(String(queryArg.userId))}`,
            method: "PATCH",
            body: queryArg.memberChange,
          }),
          invalidatesTags: ["members"],
        },
      ),
      removeMember: build.mutation<RemoveMemberApiResponse, RemoveMemberApiArg>(
        {
          query: (queryArg) => ({
            url: `/v1/members/${encodeURIComponent(String(queryArg.userId))}`,
            method: "DELETE",
          }),
          invalidatesTags: ["members"],
        },
      ),
      createInvitation: build.mutation<
        CreateInvitationApiResponse,
        CreateInvitationApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/invitations`,
          method: "POST",
          body: queryArg.invitationRequest,
        }),
        invalidatesTags: ["members"],
      }),
      listInvitations: build.query<
        ListInvitationsApiResponse,
        ListInvitationsApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/invitations`,
          params: {
            cursor: queryArg.cursor,
            limit: queryArg.limit,
          },
        }),
        providesTags: ["members"],
      }),
      revokeInvitation: build.mutation<
        RevokeInvitationApiResponse,
        RevokeInvitationApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/invitations/${encodeURIComponent(String(queryArg.invitationId))}`,
          method: "DELETE",
        }),
        invalidatesTags: ["members"],
      }),
      acceptInvitation: build.mutation<
        AcceptInvitationApiResponse,
        AcceptInvitationApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/auth/invitations/accept`,
          method: "POST",
          body: queryArg.acceptRequest,
        }),
        invalidatesTags: ["members"],
      }),
      createServiceAccount: build.mutation<
        CreateServiceAccountApiResponse,
        CreateServiceAccountApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/service-accounts`,
          method: "POST",
          body: queryArg.serviceAccountRequest,
        }),
        invalidatesTags: ["service accounts"],
      }),
      listServiceAccounts: build.query<
        ListServiceAccountsApiResponse,
        ListServiceAccountsApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/service-accounts`,
          params: {
            q: queryArg.q,
            cursor: queryArg.cursor,
            limit: queryArg.limit,
          },
        }),
        providesTags: ["service accounts"],
      }),
      getServiceAccount: build.query<
        GetServiceAccountApiResponse,
        GetServiceAccountApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/service-accounts/${encodeURIComponent(String(queryArg.accountId))}`,
        }),
        providesTags: ["service accounts"],
      }),
      changeServiceAccount: build.mutation<
        ChangeServiceAccountApiResponse,
        ChangeServiceAccountApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/service-accounts/${encodeURIComponent(String(queryArg.accountId))}`,
          method: "PATCH",
          body: queryArg.serviceAccountChange,
        }),
        invalidatesTags: ["service accounts"],
      }),
      deleteServiceAccount: build.mutation<
        DeleteServiceAccountApiResponse,
        DeleteServiceAccountApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/service-accounts/${encodeURIComponent(String(queryArg.accountId))}`,
          method: "DELETE",
        }),
        invalidatesTags: ["service accounts"],
      }),
      createApiKey: build.mutation<CreateApiKeyApiResponse, CreateApiKeyApiArg>(
        {
          query: (queryArg) => ({
            url: `/v1/api-keys`,
            method: "POST",
            body: queryArg.apiKeyRequest,
          }),
          invalidatesTags: ["API keys"],
        },
      ),
      listApiKeys: build.query<ListApiKeysApiResponse, ListApiKeysApiArg>({
        query: (queryArg) => ({
          url: `/v1/api-keys`,
          params: {
            service_account: queryArg.serviceAccount,
            everyone: queryArg.everyone,
            cursor: queryArg.cursor,
            limit: queryArg.limit,
          },
        }),
        providesTags: ["API keys"],
      }),
      revokeApiKey: build.mutation<RevokeApiKeyApiResponse, RevokeApiKeyApiArg>(
        {
          query: (queryArg) => ({
            url: `/v1/api-keys/${encodeURIComponent(String(queryArg.keyId))}`,
            method: "DELETE",
          }),
          invalidatesTags: ["API keys"],
        },
      ),
      discoverMethods: build.mutation<
        DiscoverMethodsApiResponse,
        DiscoverMethodsApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/auth/discover`,
          method: "POST",
          body: queryArg.discoverRequest,
        }),
        invalidatesTags: ["single sign-on"],
      }),
      endSignOn: build.mutation<EndSignOnApiResponse, EndSignOnApiArg>({
        query: () => ({ url: `/v1/auth/sso/logout`, method: "POST" }),
        invalidatesTags: ["single sign-on"],
      }),
      listIdentityProviders: build.query<
        ListIdentityProvidersApiResponse,
        ListIdentityProvidersApiArg
      >({
        query: () => ({ url: `/v1/sso/providers` }),
        providesTags: ["single sign-on"],
      }),
      createIdentityProvider: build.mutation<
        CreateIdentityProviderApiResponse,
        CreateIdentityProviderApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/sso/providers`,
          method: "POST",
          body: queryArg.providerRequest,
        }),
        invalidatesTags: ["single sign-on"],
      }),
      getIdentityProvider: build.query<
        GetIdentityProviderApiResponse,
        GetIdentityProviderApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/sso/providers/${encodeURIComponent(String(queryArg.provider))}`,
        }),
        providesTags: ["single sign-on"],
      }),
      replaceIdentityProvider: build.mutation<
        ReplaceIdentityProviderApiResponse,
        ReplaceIdentityProviderApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/sso/providers/${encodeURIComponent(String(queryArg.provider))}`,
          method: "PUT",
          body: queryArg.providerRequest,
        }),
        invalidatesTags: ["single sign-on"],
      }),
      deleteIdentityProvider: build.mutation<
        DeleteIdentityProviderApiResponse,
        DeleteIdentityProviderApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/sso/providers/${encodeURIComponent(String(queryArg.provider))}`,
          method: "DELETE",
        }),
        invalidatesTags: ["single sign-on"],
      }),
      testIdentityProvider: build.mutation<
        TestIdentityProviderApiResponse,
        TestIdentityProviderApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/sso/providers/${encodeURIComponent(String(queryArg.provider))}/test`,
          method: "POST",
        }),
        invalidatesTags: ["single sign-on"],
      }),
      listSsoDomains: build.query<
        ListSsoDomainsApiResponse,
        ListSsoDomainsApiArg
      >({
        query: () => ({ url: `/v1/sso/domains` }),
        providesTags: ["single sign-on"],
      }),
      addSsoDomain: build.mutation<AddSsoDomainApiResponse, AddSsoDomainApiArg>(
        {
          query: (queryArg) => ({
            url: `/v1/sso/domains`,
            method: "POST",
            body: queryArg.domainRequest,
          }),
          invalidatesTags: ["single sign-on"],
        },
      ),
      verifySsoDomain: build.mutation<
        VerifySsoDomainApiResponse,
        VerifySsoDomainApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/sso/domains/${encodeURIComponent(String(queryArg.domain))}/verify`,
          method: "POST",
        }),
        invalidatesTags: ["single sign-on"],
      }),
      leadSsoDomain: build.mutation<
        LeadSsoDomainApiResponse,
        LeadSsoDomainApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/sso/domains/${encodeURIComponent(String(queryArg.domain))}`,
          method: "PUT",
          body: queryArg.domainChange,
        }),
        invalidatesTags: ["single sign-on"],
      }),
      deleteSsoDomain: build.mutation<
        DeleteSsoDomainApiResponse,
        DeleteSsoDomainApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/sso/domains/${encodeURIComponent(String(queryArg.domain))}`,
          method: "DELETE",
        }),
        invalidatesTags: ["single sign-on"],
      }),
      listScimTokens: build.query<
        ListScimTokensApiResponse,
        ListScimTokensApiArg
      >({
        query: () => ({ url: `/v1/sso/scim-tokens` }),
        providesTags: ["single sign-on"],
      }),
      createScimToken: build.mutation<
        CreateScimTokenApiResponse,
        CreateScimTokenApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/sso/scim-tokens`,
          method: "POST",
          body: queryArg.scimTokenRequest,
        }),
        invalidatesTags: ["single sign-on"],
      }),
      deleteScimToken: build.mutation<
        DeleteScimTokenApiResponse,
        DeleteScimTokenApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/sso/scim-tokens/${encodeURIComponent(String(queryArg.tokenId))}`,
          method: "DELETE",
        }),
        invalidatesTags: ["single sign-on"],
      }),
      verifyEmail: build.mutation<VerifyEmailApiResponse, VerifyEmailApiArg>({
        query: (queryArg) => ({
          url: `/v1/auth/verify`,
          method: "POST",
          body: queryArg.verifyRequest,
        }),
        invalidatesTags: ["identity"],
      }),
      resendVerification: build.mutation<
        ResendVerificationApiResponse,
        ResendVerificationApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/auth/verify/resend`,
          method: "POST",
          body: queryArg.addressRequest,
        }),
        invalidatesTags: ["identity"],
      }),
      requestPasswordReset: build.mutation<
        RequestPasswordResetApiResponse,
        RequestPasswordResetApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/auth/password/reset-request`,
          method: "POST",
          body: queryArg.addressRequest,
        }),
        invalidatesTags: ["identity"],
      }),
      resetPassword: build.mutation<
        ResetPasswordApiResponse,
        ResetPasswordApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/auth/password/reset`,
          method: "POST",
          body: queryArg.resetRequest,
        }),
        invalidatesTags: ["identity"],
      }),
      changePassword: build.mutation<
        ChangePasswordApiResponse,
        ChangePasswordApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/me/password`,
          method: "POST",
          body: queryArg.changePasswordRequest,
        }),
        invalidatesTags: ["identity"],
      }),
      listMySessions: build.query<
        ListMySessionsApiResponse,
        ListMySessionsApiArg
      >({
        query: () => ({ url: `/v1/me/sessions` }),
        providesTags: ["identity"],
      }),
      endMySessions: build.mutation<
        EndMySessionsApiResponse,
        EndMySessionsApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/me/sessions`,
          method: "DELETE",
          params: {
            keep_this: queryArg.keepThis,
          },
        }),
        invalidatesTags: ["identity"],
      }),
      endMySession: build.mutation<EndMySessionApiResponse, EndMySessionApiArg>(
        {
          query: (queryArg) => ({
            url: `/v1/me/sessions/${encodeURIComponent(String(queryArg.sessionId))}`,
            method: "DELETE",
          }),
          invalidatesTags: ["identity"],
        },
      ),
      getTenantSettings: build.query<
        GetTenantSettingsApiResponse,
        GetTenantSettingsApiArg
      >({
        query: () => ({ url: `/v1/tenant/settings` }),
        providesTags: ["tenant"],
      }),
      putTenantSettings: build.mutation<
        PutTenantSettingsApiResponse,
        PutTenantSettingsApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/tenant/settings`,
          method: "PUT",
          body: queryArg.tenantSettingsRequest,
        }),
        invalidatesTags: ["tenant"],
      }),
      listAuditEntries: build.query<
        ListAuditEntriesApiResponse,
        ListAuditEntriesApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/audit`,
          params: {
            actor: queryArg.actor,
            action: queryArg.action,
            resource_type: queryArg.resourceType,
            resource_id: queryArg.resourceId,
            outcome: queryArg.outcome,
            since: queryArg.since,
            until: queryArg.until,
            cursor: queryArg.cursor,
            limit: queryArg.limit,
          },
        }),
        providesTags: ["audit"],
      }),
      getAuditHead: build.query<GetAuditHeadApiResponse, GetAuditHeadApiArg>({
        query: () => ({ url: `/v1/audit/head` }),
        providesTags: ["audit"],
      }),
      getAuditStream: build.query<
        GetAuditStreamApiResponse,
        GetAuditStreamApiArg
      >({
        query: () => ({ url: `/v1/audit/stream` }),
        providesTags: ["audit"],
      }),
      putAuditStream: build.mutation<
        PutAuditStreamApiResponse,
        PutAuditStreamApiArg
      >({
        query: (queryArg) => ({
          url: `/v1/audit/stream`,
          method: "PUT",
          body: queryArg.auditStreamRequest,
        }),
        invalidatesTags: ["audit"],
      }),
      deleteAuditStream: build.mutation<
        DeleteAuditStreamApiResponse,
        DeleteAuditStreamApiArg
      >({
        query: () => ({ url: `/v1/audit/stream`, method: "DELETE" }),
        invalidatesTags: ["audit"],
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
export type GetUsageApiResponse = /** status 200 Successful Response */ Usage;
export type GetUsageApiArg = {
  /** So many days, today included. */
  days?: number;
};
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
export type LoginApiResponse =
  /** status 200 Successful Response */ Tokens | SecondFactor;
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
export type UpdateMeApiResponse = /** status 200 Successful Response */ Profile;
export type UpdateMeApiArg = {
  profileRequest: ProfileRequest;
};
export type ListMyTenantsApiResponse =
  /** status 200 Successful Response */ MyTenants;
export type ListMyTenantsApiArg = void;
export type GetConfigApiResponse = /** status 200 Successful Response */ Config;
export type GetConfigApiArg = void;
export type GetMfaPolicyApiResponse =
  /** status 200 Successful Response */ MfaPolicy;
export type GetMfaPolicyApiArg = void;
export type PutMfaPolicyApiResponse =
  /** status 200 Successful Response */ MfaPolicy;
export type PutMfaPolicyApiArg = {
  mfaPolicyRequest: MfaPolicyRequest;
};
export type GetMyPermissionsApiResponse =
  /** status 200 Successful Response */ MyPermissions;
export type GetMyPermissionsApiArg = void;
export type ExplainDecisionApiResponse =
  /** status 200 Successful Response */ Explanation;
export type ExplainDecisionApiArg = {
  explainRequest: ExplainRequest;
};
export type ListRolesApiResponse = /** status 200 Successful Response */ Roles;
export type ListRolesApiArg = void;
export type CreateRoleApiResponse = /** status 201 Successful Response */ Role;
export type CreateRoleApiArg = {
  newRoleRequest: NewRoleRequest;
};
export type ChangeRoleApiResponse = /** status 200 Successful Response */ Role;
export type ChangeRoleApiArg = {
  role: string;
  roleRequest: RoleRequest;
};
export type DeleteRoleApiResponse = unknown;
export type DeleteRoleApiArg = {
  role: string;
};
export type CreateGrantApiResponse =
  /** status 201 Successful Response */ Grant;
export type CreateGrantApiArg = {
  grantRequest: GrantRequest;
};
export type ListGrantsApiResponse =
  /** status 200 Successful Response */ GrantPage;
export type ListGrantsApiArg = {
  subjectKind?: ("user" | "service_account" | "role") | null;
  /** An id, or the name of a role. */
  subject?: string | null;
  resource?: string | null;
  instance?: string | null;
  /** `next` of the page before. */
  cursor?: string | null;
  /** How many items at most. */
  limit?: number;
};
export type GetGrantApiResponse = /** status 200 Successful Response */ Grant;
export type GetGrantApiArg = {
  /** The id of the grant. */
  grantId: string;
};
export type DeleteGrantApiResponse = unknown;
export type DeleteGrantApiArg = {
  /** The id of the grant. */
  grantId: string;
};
export type ListMembersApiResponse =
  /** status 200 Successful Response */ MemberPage;
export type ListMembersApiArg = {
  /** Part of the address or name. */
  q?: string | null;
  role?: string | null;
  /** `next` of the page before. */
  cursor?: string | null;
  /** How many items at most. */
  limit?: number;
};
export type GetMemberApiResponse = /** status 200 Successful Response */ Member;
export type GetMemberApiArg = {
  /** The id of the user. */
  userId: string;
};
export type ChangeMemberApiResponse =
  /** status 200 Successful Response */ Member;
export type ChangeMemberApiArg = {
  /** The id of the user. */
  userId: string;
  memberChange: MemberChange;
};
export type RemoveMemberApiResponse = unknown;
export type RemoveMemberApiArg = {
  /** The id of the user. */
  userId: string;
};
export type CreateInvitationApiResponse =
  /** status 201 Successful Response */ Invitation;
export type CreateInvitationApiArg = {
  invitationRequest: InvitationRequest;
};
export type ListInvitationsApiResponse =
  /** status 200 Successful Response */ InvitationPage;
export type ListInvitationsApiArg = {
  /** `next` of the page before. */
  cursor?: string | null;
  /** How many items at most. */
  limit?: number;
};
export type RevokeInvitationApiResponse = unknown;
export type RevokeInvitationApiArg = {
  /** The id of the invitation. */
  invitationId: string;
};
export type AcceptInvitationApiResponse =
  | /** status 200 Successful Response */ Accepted
  | /** status 201 With a new account */ Accepted;
export type AcceptInvitationApiArg = {
  acceptRequest: AcceptRequest;
};
export type CreateServiceAccountApiResponse =
  /** status 201 Successful Response */ ServiceAccount;
export type CreateServiceAccountApiArg = {
  serviceAccountRequest: ServiceAccountRequest;
};
export type ListServiceAccountsApiResponse =
  /** status 200 Successful Response */ ServiceAccountPage;
export type ListServiceAccountsApiArg = {
  /** Part of the name or description. */
  q?: string | null;
  /** `next` of the page before. */
  cursor?: string | null;
  /** How many items at most. */
  limit?: number;
};
export type GetServiceAccountApiResponse =
  /** status 200 Successful Response */ ServiceAccount;
export type GetServiceAccountApiArg = {
  /** The id of the service account. */
  accountId: string;
};
export type ChangeServiceAccountApiResponse =
  /** status 200 Successful Response */ ServiceAccount;
export type ChangeServiceAccountApiArg = {
  /** The id of the service account. */
  accountId: string;
  serviceAccountChange: ServiceAccountChange;
};
export type DeleteServiceAccountApiResponse = unknown;
export type DeleteServiceAccountApiArg = {
  /** The id of the service account. */
  accountId: string;
};
export type CreateApiKeyApiResponse =
  /** status 201 Successful Response */ NewApiKey;
export type CreateApiKeyApiArg = {
  apiKeyRequest: ApiKeyRequest;
};
export type ListApiKeysApiResponse =
  /** status 200 Successful Response */ ApiKeyPage;
export type ListApiKeysApiArg = {
  /** Keys of this service account. */
  serviceAccount?: string | null;
  /** Keys of all; needs member:read. */
  everyone?: boolean;
  /** `next` of the page before. */
  cursor?: string | null;
  /** How many items at most. */
  limit?: number;
};
export type RevokeApiKeyApiResponse = unknown;
export type RevokeApiKeyApiArg = {
  /** The id of the key. */
  keyId: string;
};
export type DiscoverMethodsApiResponse =
  /** status 200 Successful Response */ Methods;
export type DiscoverMethodsApiArg = {
  discoverRequest: DiscoverRequest;
};
export type EndSignOnApiResponse =
  /** status 200 Successful Response */ SignedOut;
export type EndSignOnApiArg = void;
export type ListIdentityProvidersApiResponse =
  /** status 200 Successful Response */ Providers;
export type ListIdentityProvidersApiArg = void;
export type CreateIdentityProviderApiResponse =
  /** status 201 Successful Response */ Provider;
export type CreateIdentityProviderApiArg = {
  providerRequest: ProviderRequest;
};
export type GetIdentityProviderApiResponse =
  /** status 200 Successful Response */ Provider;
export type GetIdentityProviderApiArg = {
  /** Id of an identity provider. */
  provider: string;
};
export type ReplaceIdentityProviderApiResponse =
  /** status 200 Successful Response */ Provider;
export type ReplaceIdentityProviderApiArg = {
  /** Id of an identity provider. */
  provider: string;
  providerRequest: ProviderRequest;
};
export type DeleteIdentityProviderApiResponse = unknown;
export type DeleteIdentityProviderApiArg = {
  /** Id of an identity provider. */
  provider: string;
};
export type TestIdentityProviderApiResponse =
  /** status 200 Successful Response */ Tested;
export type TestIdentityProviderApiArg = {
  /** Id of an identity provider. */
  provider: string;
};
export type ListSsoDomainsApiResponse =
  /** status 200 Successful Response */ Domains;
export type ListSsoDomainsApiArg = void;
export type AddSsoDomainApiResponse =
  /** status 201 Successful Response */ Domain;
export type AddSsoDomainApiArg = {
  domainRequest: DomainRequest;
};
export type VerifySsoDomainApiResponse =
  /** status 200 Successful Response */ Domain;
export type VerifySsoDomainApiArg = {
  domain: string;
};
export type LeadSsoDomainApiResponse =
  /** status 200 Successful Response */ Domain;
export type LeadSsoDomainApiArg = {
  domain: string;
  domainChange: DomainChange;
};
export type DeleteSsoDomainApiResponse = unknown;
export type DeleteSsoDomainApiArg = {
  domain: string;
};
export type ListScimTokensApiResponse =
  /** status 200 Successful Response */ ScimTokens;
export type ListScimTokensApiArg = void;
export type CreateScimTokenApiResponse =
  /** status 201 Successful Response */ NewScimToken;
export type CreateScimTokenApiArg = {
  scimTokenRequest: ScimTokenRequest;
};
export type DeleteScimTokenApiResponse = unknown;
export type DeleteScimTokenApiArg = {
  tokenId: string;
};
export type VerifyEmailApiResponse =
  /** status 200 Successful Response */ Tokens;
export type VerifyEmailApiArg = {
  verifyRequest: VerifyRequest;
};
export type ResendVerificationApiResponse =
  /** status 202 Successful Response */ Accepted2;
export type ResendVerificationApiArg = {
  addressRequest: AddressRequest;
};
export type RequestPasswordResetApiResponse =
  /** status 202 Successful Response */ Accepted2;
export type RequestPasswordResetApiArg = {
  addressRequest: AddressRequest;
};
export type ResetPasswordApiResponse = unknown;
export type ResetPasswordApiArg = {
  resetRequest: ResetRequest;
};
export type ChangePasswordApiResponse =
  /** status 200 Successful Response */ Tokens;
export type ChangePasswordApiArg = {
  changePasswordRequest: ChangePasswordRequest;
};
export type ListMySessionsApiResponse =
  /** status 200 Successful Response */ Sessions;
export type ListMySessionsApiArg = void;
export type EndMySessionsApiResponse =
  /** status 200 Successful Response */ Ended;
export type EndMySessionsApiArg = {
  /** Stay signed in here. */
  keepThis?: boolean;
};
export type EndMySessionApiResponse = unknown;
export type EndMySessionApiArg = {
  sessionId: string;
};
export type GetTenantSettingsApiResponse =
  /** status 200 Successful Response */ TenantSettings;
export type GetTenantSettingsApiArg = void;
export type PutTenantSettingsApiResponse =
  /** status 200 Successful Response */ TenantSettings;
export type PutTenantSettingsApiArg = {
  tenantSettingsRequest: TenantSettingsRequest;
};
export type ListAuditEntriesApiResponse =
  /** status 200 Successful Response */ AuditPage;
export type ListAuditEntriesApiArg = {
  /** The id of who did it. */
  actor?: string | null;
  /** The name of the call, as put_secret. */
  action?: string | null;
  resourceType?: string | null;
  resourceId?: string | null;
  /** done, refused or failed. */
  outcome?: ("done" | "refused" | "failed") | null;
  /** Not before. */
  since?: string | null;
  /** Before. */
  until?: string | null;
  /** `next` of the page before. */
  cursor?: string | null;
  /** How many items at most. */
  limit?: number;
};
export type GetAuditHeadApiResponse =
  /** status 200 Successful Response */ AuditHead;
export type GetAuditHeadApiArg = void;
export type GetAuditStreamApiResponse =
  /** status 200 Successful Response */ AuditStream;
export type GetAuditStreamApiArg = void;
export type PutAuditStreamApiResponse =
  /** status 200 Successful Response */ AuditStream;
export type PutAuditStreamApiArg = {
  auditStreamRequest: AuditStreamRequest;
};
export type DeleteAuditStreamApiResponse = unknown;
export type DeleteAuditStreamApiArg = void;
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
  /** By what a person can step up; see POST /v1/auth/step-up. */
  factors?: string[] | null;
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
export type RateUsage = {
  /** tenant, user, api_key or route */
  scope: string;
  limit: number;
  window: number;
  remaining: number;
};
export type QuotaUsage = {
  /** runs, events or event_bytes */
  name: string;
  limit: number | null;
  used: number;
  left: number | null;
  /** When a new month begins; null for what is stored now. */
  resets_at: string | null;
};
export type RouteUsage = {
  route_class: string;
  requests: number;
  units: number;
  refused: number;
};
export type UsageDay = {
  day: string;
  runs: number;
  events: number;
  routes: RouteUsage[];
};
export type Usage = {
  plan: string;
  rates: RateUsage[];
  quotas: QuotaUsage[];
  days: UsageDay[];
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
export type SecondFactor = {
  mfa_token: string;
  factors: ("totp" | "passkey" | "recovery_code")[];
  expires_in: number;
  passkey?: {
    [key: string]: any;
  } | null;
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
export type Profile = {
  id: string;
  email: string;
  email_verified: boolean;
  name: string;
  locale: string;
  time_zone: string;
};
export type ProfileRequest = {
  name?: string | null;
  locale?: string | null;
  time_zone?: string | null;
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
export type MfaPolicy = {
  everyone: boolean;
  roles: string[];
};
export type MfaPolicyRequest = {
  everyone?: boolean;
  roles?: string[];
};
export type Places = {
  everywhere: boolean;
  names: string[];
  prefixes: string[];
};
export type PermissionReach = {
  permission: string;
  resource: string;
  allowed: Places;
  denied: Places;
};
export type MyPermissions = {
  role: string;
  /** Null when the credential is not narrowed. */
  scopes: string[] | null;
  items: PermissionReach[];
};
export type ExplainedRule = {
  source: "scope" | "role" | "grant" | "default";
  effect: "allow" | "deny";
  applies: boolean;
  reason: string;
  grant?: string | null;
};
export type Explanation = {
  allowed: boolean;
  role: string;
  permission: string;
  resource: string;
  instance: string | null;
  rules: ExplainedRule[];
};
export type ExplainSubject = {
  kind: "user" | "service_account";
  id: string;
};
export type ExplainRequest = {
  subject?: ExplainSubject | null;
  permission: string;
  /** Follows from the permission when absent. */
  resource?: string | null;
  instance?: string | null;
};
export type Role = {
  name: string;
  description: string;
  builtin: boolean;
  /** As they were given: names or kind:*. */
  permissions: string[];
  /** The permissions that these are today. */
  covers: string[];
  created_at?: string | null;
  updated_at?: string | null;
};
export type Roles = {
  items: Role[];
  next?: null;
};
export type NewRoleRequest = {
  description?: string;
  permissions: string[];
  name: string;
};
export type RoleRequest = {
  description?: string;
  permissions: string[];
};
export type Grant = {
  id: string;
  subject_kind: string;
  subject: string;
  effect: string;
  permission: string;
  resource: string;
  instance: string | null;
  created_at: string;
  created_by: string;
};
export type GrantRequest = {
  subject_kind: "user" | "service_account" | "role";
  /** An id, or the name of a role. */
  subject: string;
  effect?: "allow" | "deny";
  permission: string;
  /** Follows from the permission, unless that is *. */
  resource?: string | null;
  /** All of the type when absent. */
  instance?: string | null;
};
export type GrantPage = {
  items: Grant[];
  next?: string | null;
};
export type Member = {
  user_id: string;
  email: string;
  name: string;
  role: string;
  disabled: boolean;
  joined_at: string;
};
export type MemberPage = {
  items: Member[];
  next?: string | null;
};
export type MemberChange = {
  role: string;
};
export type Invitation = {
  id: string;
  email: string;
  role: string;
  created_at: string;
  created_by: string;
  expires_at: string;
};
export type InvitationRequest = {
  email: string;
  role: string;
};
export type InvitationPage = {
  items: Invitation[];
  next?: string | null;
};
export type JoinedTenant = {
  id: string;
  name: string;
  display_name: string;
};
export type Accepted = {
  email: string;
  role: string;
  is_new: boolean;
  tenant: JoinedTenant;
};
export type AcceptRequest = {
  token: string;
  password?: string | null;
};
export type ServiceAccount = {
  id: string;
  name: string;
  description: string;
  role: string;
  disabled: boolean;
  created_at: string;
  created_by: string;
};
export type ServiceAccountRequest = {
  name: string;
  description?: string;
  role: string;
};
export type ServiceAccountPage = {
  items: ServiceAccount[];
  next?: string | null;
};
export type ServiceAccountChange = {
  description?: string | null;
  role?: string | null;
  disabled?: boolean | null;
};
export type NewApiKey = {
  id: string;
  name: string;
  prefix: string;
  subject_kind: string;
  subject_id: string;
  scopes: string[] | null;
  created_at: string;
  created_by: string;
  expires_at: string | null;
  last_used_at: string | null;
  key: string;
};
export type ApiKeyRequest = {
  name: string;
  service_account?: string | null;
  scopes?: string[] | null;
  expires_at?: string | null;
};
export type ApiKey = {
  id: string;
  name: string;
  prefix: string;
  subject_kind: string;
  subject_id: string;
  scopes: string[] | null;
  created_at: string;
  created_by: string;
  expires_at: string | null;
  last_used_at: string | null;
};
export type ApiKeyPage = {
  items: ApiKey[];
  next?: string | null;
};
export type Method = {
  kind: "password" | "passkey" | "sso";
  provider?: string | null;
  name?: string | null;
  url?: string | null;
};
export type Methods = {
  methods: Method[];
};
export type DiscoverRequest = {
  email: string;
};
export type SignedOut = {
  url: string | null;
};
export type OidcShown = {
  issuer: string;
  client_id: string;
  has_secret: boolean;
  scopes: string[];
  email_claim: string;
  groups_claim: string;
  trust_unverified_email: boolean;
  redirect_uri: string;
};
export type CertificateShown = {
  subject: string;
  not_after: string;
  sha256: string;
};
export type SamlShown = {
  entity_id: string;
  sso_url: string;
  certificates: CertificateShown[];
  idp_initiated: boolean;
  email_attribute: string | null;
  groups_attribute: string | null;
  own_entity_id: string;
  acs_url: string;
  metadata_url: string;
};
export type RoleRuleShown = {
  group: string;
  role: string;
};
export type RulesShown = {
  just_in_time: boolean;
  default_role: string | null;
  roles: RoleRuleShown[];
};
export type Provider = {
  id: string;
  name: string;
  kind: "oidc" | "saml";
  enabled: boolean;
  oidc?: OidcShown | null;
  saml?: SamlShown | null;
  rules: RulesShown;
  start_url: string;
  last_error: string | null;
  last_error_at: string | null;
  last_used_at: string | null;
  created_at: string;
  updated_at: string;
};
export type Providers = {
  items: Provider[];
  next?: null;
};
export type OidcProvider = {
  issuer: string;
  client_id: string;
  client_secret?: string | null;
  scopes?: string[];
  email_claim?: string;
  groups_claim?: string;
  trust_unverified_email?: boolean;
};
export type SamlProvider = {
  metadata?: string | null;
  metadata_url?: string | null;
  entity_id?: string | null;
  sso_url?: string | null;
  certificates?: string[];
  idp_initiated?: boolean;
  email_attribute?: string | null;
  groups_attribute?: string | null;
};
export type RoleRule = {
  group: string;
  role: string;
};
export type Rules = {
  just_in_time?: boolean;
  default_role?: string | null;
  roles?: RoleRule[];
};
export type ProviderRequest = {
  name: string;
  enabled?: boolean;
  oidc?: OidcProvider | null;
  saml?: SamlProvider | null;
  rules?: Rules;
};
export type Check = {
  name: string;
  ok: boolean;
  detail: string;
};
export type Tested = {
  ok: boolean;
  checks: Check[];
};
export type Domain = {
  domain: string;
  verified: boolean;
  verified_at: string | null;
  verified_by: ("dns" | "operator") | null;
  record_name: string;
  record_value: string;
  provider_id: string | null;
  enforced: boolean;
  created_at: string;
};
export type Domains = {
  items: Domain[];
  next?: null;
};
export type DomainRequest = {
  domain: string;
};
export type DomainChange = {
  provider_id?: string | null;
  enforced?: boolean;
};
export type ScimToken = {
  id: string;
  name: string;
  provider_id: string | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
};
export type ScimTokens = {
  items: ScimToken[];
  next?: null;
};
export type NewScimToken = {
  id: string;
  name: string;
  provider_id: string | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  token: string;
  base_url: string;
};
export type ScimTokenRequest = {
  name: string;
  provider_id?: string | null;
  /** seconds; null: it does not */
  expires_in?: number | null;
};
export type VerifyRequest = {
  token: string;
  password: string;
};
export type Accepted2 = {
  status?: "mail_sent";
};
export type AddressRequest = {
  email: string;
};
export type ResetRequest = {
  token: string;
  password: string;
};
export type ChangePasswordRequest = {
  current: string;
  new: string;
};
export type Session = {
  id: string;
  this: boolean;
  device: string;
  place: string;
  address: string;
  tenant: string;
  factors: string[];
  created_at: string;
  last_seen_at: string;
};
export type Sessions = {
  items: Session[];
  next?: null;
};
export type Ended = {
  ended: number;
};
export type TenantSettings = {
  name: string;
  display_name: string;
  allowed_origins: string[];
  updated_at: string | null;
};
export type TenantSettingsRequest = {
  display_name: string;
  allowed_origins: string[];
};
export type Actor = {
  kind: string;
  id: string | null;
  name: string;
};
export type Resource = {
  type: string;
  id: string | null;
};
export type Origin = {
  address: string;
  user_agent: string;
  request_id: string;
  session: string | null;
};
export type AuditEntry = {
  version: number;
  tenant: string;
  seq: number;
  previous: string;
  at: string;
  actor: Actor;
  action: string;
  permission: string | null;
  outcome: "done" | "refused" | "failed";
  resource: Resource;
  from: Origin;
  before: {
    [key: string]: any;
  } | null;
  after: {
    [key: string]: any;
  } | null;
  hash: string;
};
export type AuditPage = {
  items: AuditEntry[];
  next: string | null;
};
export type AuditHead = {
  tenant: string;
  seq: number;
  hash: string;
};
export type AuditStream = {
  url: string;
  enabled: boolean;
  sent_seq: number;
  failures: number;
  last_error: string;
  next_at: string;
  updated_at: string;
};
export type AuditStreamRequest = {
  url: string;
  secret?: string | null;
  enabled?: boolean;
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
  useGetUsageQuery,
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
  useUpdateMeMutation,
  useListMyTenantsQuery,
  useGetConfigQuery,
  useGetMfaPolicyQuery,
  usePutMfaPolicyMutation,
  useGetMyPermissionsQuery,
  useExplainDecisionMutation,
  useListRolesQuery,
  useCreateRoleMutation,
  useChangeRoleMutation,
  useDeleteRoleMutation,
  useCreateGrantMutation,
  useListGrantsQuery,
  useGetGrantQuery,
  useDeleteGrantMutation,
  useListMembersQuery,
  useGetMemberQuery,
  useChangeMemberMutation,
  useRemoveMemberMutation,
  useCreateInvitationMutation,
  useListInvitationsQuery,
  useRevokeInvitationMutation,
  useAcceptInvitationMutation,
  useCreateServiceAccountMutation,
  useListServiceAccountsQuery,
  useGetServiceAccountQuery,
  useChangeServiceAccountMutation,
  useDeleteServiceAccountMutation,
  useCreateApiKeyMutation,
  useListApiKeysQuery,
  useRevokeApiKeyMutation,
  useDiscoverMethodsMutation,
  useEndSignOnMutation,
  useListIdentityProvidersQuery,
  useCreateIdentityProviderMutation,
  useGetIdentityProviderQuery,
  useReplaceIdentityProviderMutation,
  useDeleteIdentityProviderMutation,
  useTestIdentityProviderMutation,
  useListSsoDomainsQuery,
  useAddSsoDomainMutation,
  useVerifySsoDomainMutation,
  useLeadSsoDomainMutation,
  useDeleteSsoDomainMutation,
  useListScimTokensQuery,
  useCreateScimTokenMutation,
  useDeleteScimTokenMutation,
  useVerifyEmailMutation,
  useResendVerificationMutation,
  useRequestPasswordResetMutation,
  useResetPasswordMutation,
  useChangePasswordMutation,
  useListMySessionsQuery,
  useEndMySessionsMutation,
  useEndMySessionMutation,
  useGetTenantSettingsQuery,
  usePutTenantSettingsMutation,
  useListAuditEntriesQuery,
  useGetAuditHeadQuery,
  useGetAuditStreamQuery,
  usePutAuditStreamMutation,
  useDeleteAuditStreamMutation,
} = injectedRtkApi;
// sha256 fcf2ecd117758da75bf31cceab9443822e41603a788e108e991f03db03b9b65a
