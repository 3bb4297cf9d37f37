select distinct on (v.product_id)
    v.product_id,
    v.id as version_id,
    v.number,
    v.origin,
    v.model,
    array_length(regexp_split_to_array(btrim(regexp_replace(v.body, '<[^>]*>|\s+', ' ', 'g')), ' +'), 1) as words,
    (v.grounding ->> 'score')::float as grounding_score,
    jsonb_array_length(v.violations) as violations,
    m.approved,
    m.decided_by as verdict_by,
    m.reasons as verdict_reasons,
    v.created_at
from {{ source('vitrina', 'content_contentversion') }} as v
left join {{ source('vitrina', 'content_verdict') }} as m on m.version_id = v.id
order by v.product_id, v.number desc
