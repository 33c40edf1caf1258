"""Every address. Each app owns the ones below its prefix."""

from django.contrib import admin
from django.urls import include, path

from desk import people
from rongshan import views

admin.site.site_header = "荣成—山亭协作帮扶台账 · 系统维护"
admin.site.site_title = "系统维护"
admin.site.index_title = "名录、期限与设置"

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("", include("directory.urls")),  # before the admin, whose log-in page it replaces
    # below the directory's address of a person, which knows no entries
    path("people/<int:pk>/entries/", people.person, name="person_entries"),
    path("admin/", admin.site.urls),
    path("desk/", include("desk.urls")),
    path("workbooks/", include("workbooks.urls")),
    path("", include("dashboard.urls")),
]

handler400 = "rongshan.views.bad_request"
handler403 = "rongshan.views.permission_denied"
handler404 = "rongshan.views.page_not_found"
handler500 = "rongshan.views.server_error"
