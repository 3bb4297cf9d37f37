select
    r.id as review_id,
    r.kind,
    r.product_id,
    r.drop_id,
    r.priority,
    r.reasons,
    r.created_at
from {{ source('vitrina', 'review_reviewitem') }} as r
-- A second look (2) is at a text that is on show: its product waits for nobody.
where r.state = 'open' and r.kind <> 'pair' and r.look <> 2
