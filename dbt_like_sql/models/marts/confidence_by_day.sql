-- Twenty equal steps from 0 to 1; the last one holds 1 itself.
with figures as (
    select 'category' as what, day, confidence from {{ ref('stg_product_categories') }} where category is not null
    union all
    select 'text' as what, day, grounding_score as confidence
    from {{ ref('stg_texts') }}
    where grounding_score is not null and origin <> 'person'
)

select
    what,
    day,
    greatest(0, least(19, floor(confidence * 20)))::int as step,
    count(*) as answers,
    sum(confidence) as confidence_total
from figures
group by 1, 2, 3
