-- Gives schools the places of their rows in the directory: those of :school_ids, or all of the tenant's.
-- Rows are locked in the order in which documents write them, so that two writers never wait for each other in a ring.
WITH placed AS (
    SELECT school.id, directory_school.latitude, directory_school.longitude
    FROM school
    JOIN directory_school ON directory_school.nces_id = school.nces_id
    WHERE directory_school.latitude IS NOT NULL
      AND (school.latitude, school.longitude)
          IS DISTINCT FROM (directory_school.latitude, directory_school.longitude)
      AND (CAST(:school_ids AS bigint[]) IS NULL OR school.id = ANY(CAST(:school_ids AS bigint[])))
    ORDER BY school.identity COLLATE "C"
    FOR UPDATE OF school
)
UPDATE school
SET latitude = placed.latitude, longitude = placed.longitude
FROM placed
WHERE school.id = placed.id
