select
    p.id as product_id,
    s.slug as source,
    p.drop_id,
    p.external_id,
    p.title,
    nullif(p.brand, '') as brand,
    p.price,
    p.currency,
    p.price_note,
    length(coalesce(p.description, '')) as source_text_length,
    jsonb_array_length(p.image_urls) as images,
    (select count(*) from jsonb_object_keys(p.attributes))::int as attributes,
    p.listed,
    p.created_at,
    p.updated_at
from {{ source('vitrina', 'catalog_product') }} as p
join {{ source('vitrina', 'catalog_source') }} as s on s.id = p.source_id
