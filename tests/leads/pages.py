"""How tests read the pages of staff, and post their forms."""

from __future__ import annotations

from django.urls import reverse


def page(name, *args, **query):
    return reverse(f"admin:{name}", args=args, query=query)


def form_data(response):
    """Return what a browser would post back from a page of the admin."""
    context = response.context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    data = {}
    for form in forms:
        for bound in form:
            value = bound.value()
            data[bound.html_name] = "" if value is None else value
    return {name: value for name, value in data.items() if value is not False}


def shown(response):
    return list(response.context["cl"].result_list)


def notices(response):
    return [str(message) for message in response.context["messages"]]


def gesture(client, action, rows, name="leads_lead", **answers):
    """Choose rows in a list, confirm what is asked, and follow to what is said."""
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    scope = {} if name == "leads_suspect" else {"perimetre": "tous"}
    response = client.post(page(f"{name}_changelist", **scope), data)
    if response.status_code != 302 or "confirmer" not in response.url:
        return client.get(response.url) if response.status_code == 302 else response
    return client.post(response.url, answers, follow=True)
