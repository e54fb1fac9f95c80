-- Replaces the directory's rows by the incoming ones, the last of each NCES id where the file repeats one.
INSERT INTO directory_school
SELECT DISTINCT ON (nces_id) * FROM incoming ORDER BY nces_id, ctid DESC
ON CONFLICT (nces_id) DO UPDATE SET
    name = excluded.name,
    district = excluded.district,
    lea_id = excluded.lea_id,
    state_id = excluded.state_id,
    state = excluded.state,
    address = excluded.address,
    city = excluded.city,
    zip = excluded.zip,
    phone = excluded.phone,
    website = excluded.website,
    level = excluded.level,
    low_grade = excluded.low_grade,
    high_grade = excluded.high_grade,
    imported_at = excluded.imported_at
