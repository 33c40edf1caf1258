"""The leaders' pages, the drill-down, and the summary for scripts."""

from __future__ import annotations

from django.urls import path

from dashboard import views

app_name = "dashboard"
urlpatterns = [
    path("overview/", views.home, name="home"),
    path("overview/attention/", views.attention, name="attention"),
    path("overview/<str:plan>/", views.home, name="plan_home"),
    path("figures/<str:plan>/target/<str:code>/", views.counted, name="counted"),
    path("figures/<str:plan>/<str:what>/<str:stage>/", views.behind, name="behind"),
    path("lines/<str:code>/", views.line, name="line"),
    path("lines/<str:code>/story/", views.story, name="story"),
    path("reports/", views.reports, name="reports"),
    path("filings/", views.filings, name="filings"),
    path("filings/<int:pk>/", views.filing, name="filing"),
    path("questions/", views.questions, name="questions"),
    path("questions/<str:plan>/<str:code>/", views.question, name="question"),
    path("plans/<str:code>/", views.plan, name="plan"),
    path("api/plans/<str:code>/summary", views.summary, name="summary"),
]
