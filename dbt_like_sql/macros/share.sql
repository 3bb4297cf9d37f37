{# A share between 0 and 1 with four digits; null where there is nothing to divide by. #}
{% macro share(part, whole) -%}
    round(({{ part }})::numeric / nullif({{ whole }}, 0), 4)
{%- endmacro %}
