-- Gives the directory's schools the places that are new or have moved, the last of each NCES id where the file repeats one.
UPDATE directory_school
SET latitude = place.latitude, longitude = place.longitude
FROM (SELECT DISTINCT ON (nces_id) * FROM incoming_place ORDER BY nces_id, ctid DESC) AS place
WHERE directory_school.nces_id = place.nces_id
  AND (directory_school.latitude, directory_school.longitude) IS DISTINCT FROM (place.latitude, place.longitude)
