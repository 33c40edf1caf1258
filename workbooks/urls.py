"""Excel in and out: upload, preview, confirm, batches, templates, exports."""

from django.urls import path

from workbooks import grid, listing, views

app_name = "workbooks"
urlpatterns = [
    path("", views.home, name="home"),
    path("grid/", grid.grid, name="grid"),
    path("upload/", views.upload, name="upload"),
    path("preview/<slug:token>/", views.preview, name="preview"),
    path("preview/<slug:token>/answer/", views.answer, name="answer"),
    path("batches/<int:pk>/", views.batch, name="batch"),
    path("batches/<int:pk>/decide/", views.decide, name="decide"),
    path("batches/<int:pk>/void/", views.void, name="void"),
    path("batches/<int:pk>/original/", views.original, name="original"),
    path("template/", views.template, name="template"),
    path("list/", listing.listing, name="list"),
    path("export/", views.export, name="export"),
]
