select q.source, q.reason, count(*) as quarantined_rows, count(distinct q.drop_id) as drops, max(d.parsed_at) as last_seen_at
from {{ ref('stg_quarantine') }} as q
join {{ ref('stg_drops') }} as d on d.drop_id = q.drop_id
group by q.source, q.reason
