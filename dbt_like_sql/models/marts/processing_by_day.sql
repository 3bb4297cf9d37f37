select
    day,
    processing_type,
    status,
    count(*) as processings,
    count(distinct product_id) as products,
    coalesce(sum(cost_usd), 0) as known_cost_usd,
    -- no price was known: counted beside the sum, and not zero
    count(*) filter (where cost_usd is null) as processings_of_unknown_cost,
    sum(processing_time_ms)::bigint as processing_time_ms
from {{ ref('stg_processing') }}
group by day, processing_type, status
