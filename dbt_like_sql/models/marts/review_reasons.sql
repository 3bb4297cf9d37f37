-- Why products wait. One case can have several reasons, so the counts add up to more than the cases.
select
    coalesce(p.source, d.source, '(none)') as source,
    r.kind,
    coalesce(reason.value ->> 'rule', '(none)') as rule,
    count(*) as open_cases,
    -- the rule in words, for readers of both languages
    max(coalesce(reason.value ->> 'message_ru', reason.value ->> 'message')) as said_ru,
    max(coalesce(reason.value ->> 'message_en', reason.value ->> 'message')) as said_en,
    min(r.priority) as most_urgent,
    min(r.created_at) as oldest_at
from {{ ref('stg_open_reviews') }} as r
left join lateral jsonb_array_elements(
    case when jsonb_typeof(r.reasons) = 'array' and jsonb_array_length(r.reasons) > 0 then r.reasons else '[{}]'::jsonb end
) as reason on true
left join {{ ref('stg_products') }} as p on p.product_id = r.product_id
left join {{ ref('stg_drops') }} as d on d.drop_id = r.drop_id
group by 1, 2, 3
