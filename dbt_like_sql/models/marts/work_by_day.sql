with events as (
    select
        (parsed_at at time zone 'UTC')::date as day,
        1 as drops, rows_read, accepted, quarantined, new_products,
        0 as texts, 0 as texts_by_people, 0 as judged, 0 as approved_automatically, 0 as sent_to_people, 0 as published
    from {{ ref('stg_drops') }}
    where parsed_at is not null
    union all
    select
        day, 0, 0, 0, 0, 0,
        (origin <> 'person')::int,
        (origin = 'person')::int,
        (judged and origin <> 'person')::int,
        (approved and verdict_by = 'rules' and origin <> 'person')::int,
        (judged and origin <> 'person' and not (approved and verdict_by = 'rules'))::int,
        0
    from {{ ref('stg_texts') }}
    union all
    select (published_at at time zone 'UTC')::date, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
    from {{ ref('stg_publications') }}
    where state = 'published'
)

select
    day,
    sum(drops) as drops,
    sum(rows_read) as rows_read,
    sum(accepted) as accepted,
    sum(quarantined) as quarantined,
    sum(new_products) as new_products,
    sum(texts) as texts,
    sum(texts_by_people) as texts_by_people,
    sum(judged) as judged,
    sum(approved_automatically) as approved_automatically,
    sum(sent_to_people) as sent_to_people,
    sum(published) as published
from events
group by day
