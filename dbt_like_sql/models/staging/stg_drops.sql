select
    d.id as drop_id,
    d.key as drop_key,
    s.slug as source,
    d.name as drop_name,
    d.modified_at as dropped_at,
    d.parsed_at,
    d.state,
    d.gate,
    nullif(d.format, '') as format,
    d.message,
    d."rows" as rows_read,
    d.accepted,
    d.quarantined,
    d.merged,
    d.new_products,
    d.changed_products,
    d.unchanged_products,
    d.stale_products,
    d.delisted_products,
    d.seconds
from {{ source('vitrina', 'catalog_drop') }} as d
join {{ source('vitrina', 'catalog_source') }} as s on s.id = d.source_id
