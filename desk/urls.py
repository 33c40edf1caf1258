"""The staff's addresses. Each also answers GET, so that logging in again leads back to it."""

from django.urls import path

from desk import books, entering, keeping, reviewing, searching, views

app_name = "desk"
urlpatterns = [
    path("", views.home, name="home"),
    path("new/<slug:register>/", entering.new, name="new"),
    path("draft/", entering.draft, name="draft"),
    path("draft/<uuid:token>/delete/", entering.discard, name="discard"),
    path("upload/", entering.upload, name="upload"),
    path("filings/<int:pk>/nil/", views.nil, name="nil"),
    path("search/", searching.search, name="search"),
    path("filters/", keeping.filters, name="filters"),
    path("filters/<int:pk>/", keeping.one, name="filter"),
    path("entries/", views.entries, name="entries"),
    path("entries/<int:pk>/", views.entry, name="entry"),
    path("entries/<int:pk>/voucher/", views.voucher, name="voucher"),
    path("entries/<int:pk>/edit/", entering.edit, name="edit"),
    path("entries/<int:pk>/correct/", entering.correct, name="correct"),
    path("entries/<int:pk>/step/", entering.step, name="step"),
    path("entries/<int:pk>/reverse/", views.reverse_entry, name="reverse"),
    path("entries/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("entries/<int:pk>/void/", views.void, name="void"),
    path("entries/<int:pk>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("entries/<int:pk>/attach/", views.attach, name="attach"),
    path("entries/<int:pk>/decide/", reviewing.decide, name="decide"),
    path("review/", reviewing.queue, name="review"),
    path("evidence/<int:pk>/", views.evidence_file, name="evidence"),
    path("periods/", books.periods, name="periods"),
    path("periods/<slug:code>/close/", books.close, name="close"),
    path("parameters/", books.parameters, name="parameters"),
    path("parameters/<slug:code>/", books.parameter, name="parameter"),
    path("handover/", books.handover, name="handover"),
]
