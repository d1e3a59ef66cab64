"""Every limit has a name, a default and a unit; errors name the limit that was met."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds, the rest are counts."""

    max_definition_bytes: int = 1_000_000
    max_definition_depth: int = 64
    max_definition_nodes: int = 50_000
    max_definition_faults: int = 100
    min_schedule_seconds: int = 1
    max_expression_bytes: int = 16_384
    max_expression_results: int = 10_000
    max_expression_items: int = 1_000_000
    max_retries: int = 10_000
    max_retry_delay_seconds: float = 2_592_000.0
    max_data_bytes: int = 1_000_000
    max_request_bytes: int = 4_000_000
    max_json_depth: int = 128
    max_event_bytes: int = 256_000
    max_record_bytes: int = 900_000
    max_events_per_request: int = 1_000
    max_entries_per_advance: int = 256
    max_journal_page: int = 1_000
    max_page: int = 200
    default_page: int = 50
    max_wait_seconds: int = 60
    max_search_bytes: int = 500
    max_search_document_length: int = 50_000
    max_fork_branches: int = 1_000
    max_open_steps_per_tenant: int = 100
    max_active_runs_per_shard_actor: int = 20_000
    max_runs_per_load: int = 256
    max_entries_per_load: int = 20_000
    max_open_runs_per_look: int = 5_000
    idle_run_seconds: float = 5.0
    shard_lease_seconds: float = 2.5
    shard_beat_seconds: float = 0.5
    shard_look_seconds: float = 1.0
    max_due_triggers_per_look: int = 200
    max_metric_dimensions: int = 4
    max_dimension_values: int = 10_000
    max_dimension_bytes: int = 256
    max_metric_points: int = 20_000
    max_metric_cells: int = 100_000
    max_metric_value: float = 1e15
    max_metrics_per_tenant: int = 200
    max_hook_age_seconds: int = 300
    max_hook_memory_seconds: int = 345_600
    max_http_response_bytes: int = 1_000_000
    max_http_seconds: float = 60.0
    max_http_connect_seconds: float = 10.0
    max_http_redirects: int = 5
    max_http_connections: int = 200
    max_quota_wait_seconds: float = 5.0
    max_connections_per_session_host: int = 10_000
    max_model_bundle_bytes: int = 50_000_000
    max_model_unpacked_bytes: int = 200_000_000
    max_loaded_model_bytes: int = 400_000_000
    max_models_per_tenant: int = 100
    max_versions_per_model: int = 500
    max_inference_rows: int = 10_000
    max_inference_values: int = 1_000_000
    max_inference_bytes: int = 16_000_000
    max_inference_seconds: float = 30.0
    max_inference_threads: int = 2
    max_waiting_inferences: int = 1_000
    max_socket_queue_bytes: int = 1_000_000
    max_sockets_per_user: int = 64
    max_channels_per_socket: int = 128
    idempotency_seconds: int = 86_400
    sandbox_seconds: float = 2.0
    sandbox_bytes: int = 512_000_000
    access_token_seconds: int = 900
    refresh_token_seconds: int = 2_592_000
    push_token_seconds: int = 300
    session_watch_seconds: float = 0.5
    max_sign_in_failures_per_account: int = 10
    max_sign_in_failures_per_address: int = 100
    sign_in_window_seconds: int = 900
    max_group_commit: int = 512
    max_waiting_requests: int = 10_000
