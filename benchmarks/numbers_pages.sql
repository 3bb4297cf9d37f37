-- Rows by the hundred thousand for numbers_pages.py; parameters: votes, products, batch, cases.
-- products with a text, a verdict, a category, a log row; nine of ten published
INSERT INTO catalog_product (source_id, external_id, identity, title, image_urls, barcodes, attributes, row_hash,
content_hash, drop_id, drop_time, field_drops, row_number, listed)
SELECT d.source_id, 'n' || n, 'id', 'Товар ' || n, '[]', '[]', '{}', gen_random_uuid(), gen_random_uuid(), d.id, now(),
'{}', n, true FROM generate_series(1, %(products)s) AS n
JOIN (SELECT id, source_id, row_number() OVER (ORDER BY id) AS place FROM catalog_drop) AS d ON d.place = 1 + n %% 12;

INSERT INTO content_contentversion (product_id, number, language, origin, title, body, content, seo_title,
seo_description, keywords, facts, input_hash, fingerprint, text_hash, grounding, violations, model, prompt_version,
templates, request_keys, run_id, created_at)
SELECT id, 1, 'ru', 'llm', title, '<p>Описание</p>', '{}', '', '', '[]', '{}', 'i' || id, 'f' || id, 't' || id,
jsonb_build_object('score', 0.5 + 0.5 * random()), '[]', 'm', '1', '["sampun: стиль"]', '[]', '',
now() - random() * interval '85 days' FROM catalog_product WHERE external_id LIKE 'n%%';

INSERT INTO content_verdict (version_id, approved, decided_by, priority, reasons, fingerprint, run_id)
SELECT v.id, v.id %% 10 <> 0, 'rules', 3, '[]', 'f', '' FROM content_contentversion AS v
LEFT JOIN content_verdict AS o ON o.version_id = v.id WHERE o.id IS NULL;

INSERT INTO content_processinglog (product_id, version_id, processing_type, status, input_data, result,
extracted_attributes, model, prompt_tokens, completion_tokens, cost_usd, processing_time_ms, request_keys, error_class,
error_message, stack_trace, notes, attempts, run_id, created_at)
SELECT product_id, id, 'description_only', 'completed', '{}', '{}', '{}', 'm', 1, 1, 0.001, 900, '[]', '', '', '', '', 1,
'', created_at FROM content_contentversion AS v
WHERE NOT EXISTS (SELECT 1 FROM content_processinglog AS o WHERE o.version_id = v.id);

INSERT INTO categories_productcategory (product_id, category_id, confidence, decided_by, alternatives, attributes,
reasoning, fingerprint, maker, run_id)
SELECT p.id, (SELECT min(id) FROM categories_category), random(), 'classifier', '[]', '{}', '', 'f', '', ''
FROM catalog_product AS p WHERE external_id LIKE 'n%%';

-- the ledger: 100,000 attempts, one of fifty failed for good
INSERT INTO llm_attempt (id, key, attempt, kind, purpose, item_id, endpoint, provider, model, status, answered, ended,
error_class, error, request_id, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, tokens_estimated,
cost_usd, cost_known, price_source, latency_ms, run_id, drop_key, created_at)
SELECT gen_random_uuid(), md5(n::text), 1, 'chat', 'product_description', n::text, 'e', 'p', 'm' || n %% 5,
CASE WHEN n %% 50 = 0 THEN 'invalid' ELSE 'ok' END, n %% 50 <> 0, true, '', '', '', 300, 100, 0, 0, false, 0.001, true, '',
900, '', '', now() - random() * interval '85 days' FROM generate_series(1, 100000) AS n;

-- pairs of one batch with two votes each of ten people, and cases of moderation
INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
SELECT '', false, 'voter' || n, 'Голос ' || n, '', 'voter' || n || '@example.com', false, true, now()
FROM generate_series(0, 9) AS n;

INSERT INTO review_responsepair (fingerprint, product_id, prompt, facts, language, text_a, text_b, measures)
SELECT md5('p' || n), (SELECT min(id) FROM catalog_product) + n %% 1000, 'Опиши товар ' || n, '{}', 'ru',
repeat('Текст А. ', 60), repeat('Текст Б. ', 60) || n, jsonb_build_object('a', jsonb_build_object('characters', n %% 700),
'b', jsonb_build_object('characters', n %% 400)) FROM generate_series(1, %(votes)s / 2) AS n;

INSERT INTO review_reviewitem (kind, key, product_id, pair_id, batch_id, part, priority, need, done, reasons, details,
state, resolution, run_id)
SELECT 'pair', 'pair:x:' || id, product_id, id, %(batch)s, 'work', 3, 2, 2, '[]', '{}', 'done', '', ''
FROM review_responsepair WHERE fingerprint IN (SELECT md5('p' || n) FROM generate_series(1, %(votes)s / 2) AS n);

INSERT INTO review_decision (item_id, action, choice, shown, flip, active_ms, reasons, comment, decided_as, decided_by_id,
created_at)
SELECT i.id, 'compare', (ARRAY['A', 'B', 'E'])[1 + (i.id + k * (random() < 0.2)::int) %% 3],
(ARRAY['left', 'right', 'tie'])[1 + (i.id + k) %% 3], false, 2000 + random() * 20000, '[]', '', '', u.id,
now() - random() * interval '85 days'
FROM review_reviewitem AS i CROSS JOIN generate_series(0, 1) AS k
JOIN auth_user AS u ON u.username = 'voter' || (i.id + k * (1 + i.id / 10 %% 9)) %% 10
WHERE i.key LIKE 'pair:x:%%';

INSERT INTO review_reviewitem (kind, key, product_id, part, priority, need, done, reasons, details, state, resolution, run_id)
SELECT 'text', 'case:' || n, (SELECT min(id) FROM catalog_product) + n %% 1000, 'work', 3, 1, 1,
'[{"rule": "short", "message": "short"}]', '{}', 'approved', '', '' FROM generate_series(1, %(cases)s) AS n;

INSERT INTO review_decision (item_id, action, choice, shown, active_ms, reasons, comment, decided_as, decided_by_id,
created_at)
SELECT i.id, CASE WHEN i.id %% 4 = 0 THEN 'reject' ELSE 'approve' END, '', '', 5000 + random() * 60000,
CASE WHEN i.id %% 4 = 0 THEN '["invented"]'::jsonb ELSE '[]'::jsonb END, '', '', u.id, now() - random() * interval '85 days'
FROM review_reviewitem AS i JOIN auth_user AS u ON u.username = 'voter' || i.id %% 10 WHERE i.key LIKE 'case:%%';
