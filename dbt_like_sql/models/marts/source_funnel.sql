with drops as (
    select
        source,
        count(*) as drops,
        count(*) filter (where state = 'unreadable') as unreadable_drops,
        count(*) filter (where gate in ('held', 'refused')) as held_drops,
        sum(rows_read) as rows_read,
        sum(accepted) as accepted,
        sum(quarantined) as quarantined,
        sum(merged) as merged,
        max(dropped_at) as last_drop_at
    from {{ ref('stg_drops') }}
    group by source
),

products as (
    select
        source,
        count(*) as products,
        count(*) filter (where listed) as listed,
        count(*) filter (where categorised) as categorised,
        count(*) filter (where described) as described,
        count(*) filter (where approved) as approved,
        count(*) filter (where in_review) as in_review,
        count(*) filter (where published) as published
    from {{ ref('stg_product_state') }}
    group by source
)

select
    d.source,
    d.drops,
    d.unreadable_drops,
    d.held_drops,
    d.last_drop_at,
    d.rows_read,
    d.accepted,
    d.quarantined,
    d.merged,
    coalesce(p.products, 0) as products,
    coalesce(p.listed, 0) as listed,
    coalesce(p.categorised, 0) as categorised,
    coalesce(p.described, 0) as described,
    coalesce(p.approved, 0) as approved,
    coalesce(p.in_review, 0) as in_review,
    coalesce(p.published, 0) as published,
    {{ share('d.accepted', 'd.rows_read') }} as accepted_share,
    {{ share('p.described', 'p.products') }} as described_share,
    {{ share('p.published', 'p.products') }} as published_share
from drops as d
left join products as p on p.source = d.source
