-- Stores what was found out about addresses with those who have them. Who is looked at again only later is left alone, so
-- that a sweep that comes late takes nothing back; so is who has another address by now.
UPDATE staff_member
SET email_check = checked.state,
    email_flags = checked.flags,
    email_check_due = now() + make_interval(secs => checked.seconds)
FROM json_to_recordset(CAST(:rows AS json)) AS checked(address text, state text, seconds integer, flags text[])
WHERE staff_member.email = checked.address
  AND coalesce(staff_member.email_check_due, '-infinity') < now()
