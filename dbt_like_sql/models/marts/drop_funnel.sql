with now_held as (
    select
        drop_id,
        count(*) as products,
        count(*) filter (where categorised) as categorised,
        count(*) filter (where described) as described,
        count(*) filter (where approved) as approved,
        count(*) filter (where in_review) as in_review,
        count(*) filter (where published) as published
    from {{ ref('stg_product_state') }}
    group by drop_id
)

select
    d.drop_key,
    d.source,
    d.drop_name,
    d.format,
    d.dropped_at,
    d.parsed_at,
    d.state,
    d.gate,
    d.rows_read,
    d.accepted,
    d.quarantined,
    d.merged,
    {{ share('d.quarantined', 'd.rows_read') }} as quarantined_share,
    d.new_products,
    d.changed_products,
    d.unchanged_products,
    d.delisted_products,
    coalesce(n.products, 0) as products,
    coalesce(n.categorised, 0) as categorised,
    coalesce(n.described, 0) as described,
    coalesce(n.approved, 0) as approved,
    coalesce(n.in_review, 0) as in_review,
    coalesce(n.published, 0) as published,
    {{ share('n.published', 'n.products') }} as published_share,
    d.seconds,
    d.message
from {{ ref('stg_drops') }} as d
left join now_held as n on n.drop_id = d.drop_id
