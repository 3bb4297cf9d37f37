select
    r.id as review_id,
    r.kind,
    r.product_id,
    r.drop_id,
    r.priority,
    r.reasons,
    r.created_at
from {{ source('vitrina', 'review_reviewitem') }} as r
where r.state = 'open' and r.kind <> 'pair'
