-- Every text that was ever written, with what was said of it.
select
    v.id as version_id,
    v.product_id,
    v.origin,
    case when jsonb_typeof(v.templates) = 'array' then v.templates else '[]'::jsonb end as templates,
    (v.grounding ->> 'score')::float as grounding_score,
    m.version_id is not null as judged,
    coalesce(m.approved, false) as approved,
    m.decided_by as verdict_by,
    v.created_at,
    (v.created_at at time zone 'UTC')::date as day
from {{ source('vitrina', 'content_contentversion') }} as v
left join {{ source('vitrina', 'content_verdict') }} as m on m.version_id = v.id
