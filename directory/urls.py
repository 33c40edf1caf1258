"""Addresses of the directory. Included before the admin's, whose own log-in and password pages they replace."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from directory import people_views, views

urlpatterns = [
    path("login/", views.Login.as_view(), name="login"),
    path("logout/", views.logout, name="logout"),
    path("password/", views.password_change, name="password_change"),
    path("users/", views.users, name="users"),
    path("users/new/", views.user_new, name="user_new"),
    path("users/<int:pk>/", views.user, name="user"),
    path("users/<int:pk>/password/", views.user_password, name="user_password"),
    path("users/<int:pk>/name/", views.user_name, name="user_name"),
    path("users/<int:pk>/active/", views.user_active, name="user_active"),
    path("users/<int:pk>/role/", views.user_role, name="user_role"),
    path("users/<int:pk>/grant/", views.user_grant, name="user_grant"),
    path("organizations/", views.organizations, name="organizations"),
    path("organizations/new/", views.organization_new, name="organization_new"),
    path("people/", people_views.people, name="people"),
    path("people/<int:pk>/", people_views.person, name="person"),
    path("people/<int:pk>/reveal/", people_views.reveal, name="person_reveal"),
    path("people/<int:pk>/change/", people_views.change, name="person_change"),
    path("people/<int:pk>/facts/new/", people_views.fact_new, name="person_fact_new"),
    path(
        "people/<int:pk>/facts/<int:fact>/withdraw/", people_views.fact_withdraw, name="person_fact_withdraw"
    ),
    path("admin/login/", views.admin_login),
    path("admin/logout/", views.logout),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password_change")),
]
