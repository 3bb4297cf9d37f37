select
    id as processing_id,
    product_id,
    processing_type,
    status,
    nullif(error_class, '') as error_class,
    cost_usd,
    processing_time_ms,
    created_at,
    (created_at at time zone 'UTC')::date as day
from {{ source('vitrina', 'content_processinglog') }}
