select q.id as quarantined_row_id, q.drop_id, d.source, d.drop_key, q.number as row_number, q.reason
from {{ source('vitrina', 'catalog_quarantinedrow') }} as q
join {{ ref('stg_drops') }} as d on d.drop_id = q.drop_id
