{# Staging views hold on to the columns that they read, and PostgreSQL refuses to change the type of such a column.
   Run this before a migration that does; the next build makes the views again:
   dbt run-operation drop_staging #}
{% macro drop_staging() -%}
    {% do run_query("drop schema if exists marts_staging cascade") %}
{%- endmacro %}
