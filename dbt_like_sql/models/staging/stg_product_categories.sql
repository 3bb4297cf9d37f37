select
    pc.product_id,
    c.slug as category,
    c.path_ru as category_path,
    pc.confidence,
    pc.decided_by,
    (pc.updated_at at time zone 'UTC')::date as day
from {{ source('vitrina', 'categories_productcategory') }} as pc
left join {{ source('vitrina', 'categories_category') }} as c on c.id = pc.category_id
