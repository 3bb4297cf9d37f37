select
    template.name,
    count(*) as texts,
    count(*) filter (where t.judged) as judged,
    count(*) filter (where t.approved) as approved,
    count(*) filter (where t.approved and t.verdict_by = 'rules') as approved_automatically,
    max(t.created_at) as last_used_at
from {{ ref('stg_texts') }} as t
cross join lateral jsonb_array_elements_text(t.templates) as template (name)
group by template.name
