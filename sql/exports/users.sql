-- title: Users
-- description: Every account, oldest first; what User.objects.order_by("pk") gives, less the password

SELECT id, username, first_name, last_name, email, is_staff, is_superuser, is_active,
    last_login, date_joined
FROM auth_user
ORDER BY id;
