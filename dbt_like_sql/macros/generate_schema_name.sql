{# Schemas are named as they are, without the target's prefix: dbt owns exactly "marts" and "marts_staging". #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
