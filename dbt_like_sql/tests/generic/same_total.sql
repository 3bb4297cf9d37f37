{# The sum over a mart equals the sum over what it was made from: nothing was lost or counted twice on the way.
   A warning by itself: a drop that is committed between the build and its test makes them differ until the next. #}
{% test same_total(model, expression, of_model, of_expression) %}
{{ config(severity='warn') }}
select totals.here, totals.there
from (
    select
        (select coalesce({{ expression }}, 0) from {{ model }}) as here,
        (select coalesce({{ of_expression }}, 0) from {{ of_model }}) as there
) as totals
where totals.here is distinct from totals.there
{% endtest %}
