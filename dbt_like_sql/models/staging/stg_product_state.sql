-- One row for each product: how far it has come.
select
    p.product_id,
    p.source,
    p.drop_id,
    p.listed,
    p.price is not null as priced,
    p.brand is not null as branded,
    p.attributes,
    p.images,
    p.source_text_length,
    pc.category,
    pc.category_path,
    pc.confidence as category_confidence,
    pc.decided_by as category_by,
    pc.category is not null as categorised,
    t.version_id is not null as described,
    t.origin as text_origin,
    t.words,
    t.grounding_score,
    t.violations,
    coalesce(t.approved, false) as approved,
    exists (select 1 from {{ ref('stg_open_reviews') }} as r where r.product_id = p.product_id) as in_review,
    coalesce(b.state = 'published', false) as published
from {{ ref('stg_products') }} as p
left join {{ ref('stg_product_categories') }} as pc on pc.product_id = p.product_id
left join {{ ref('stg_newest_texts') }} as t on t.product_id = p.product_id
left join {{ ref('stg_publications') }} as b on b.product_id = p.product_id
