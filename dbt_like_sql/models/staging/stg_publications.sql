select product_id, version_id, state, price, currency, published_at, updated_at
from {{ source('vitrina', 'catalog_publication') }}
