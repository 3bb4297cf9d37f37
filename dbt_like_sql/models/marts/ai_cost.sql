select
    day,
    model,
    coalesce(provider, '(unnamed)') as provider,
    kind,
    coalesce(purpose, '(none)') as purpose,
    count(distinct request_key) as requests,
    count(*) as attempts,
    count(*) filter (where status = 'ok') as succeeded,
    count(*) filter (where ended and status <> 'ok') as failed,
    count(*) filter (where attempt > 1) as repeated,
    sum(prompt_tokens) as prompt_tokens,
    sum(completion_tokens) as completion_tokens,
    sum(cached_tokens) as cached_tokens,
    -- of the attempts whose price is known; the others are counted, and are not zero
    coalesce(sum(cost_usd) filter (where cost_known), 0) as known_cost_usd,
    count(*) filter (where not cost_known) as attempts_of_unknown_cost,
    percentile_disc(0.5) within group (order by latency_ms) as latency_ms_p50,
    percentile_disc(0.95) within group (order by latency_ms) as latency_ms_p95
from {{ ref('stg_llm_attempts') }}
group by day, model, coalesce(provider, '(unnamed)'), kind, coalesce(purpose, '(none)')
