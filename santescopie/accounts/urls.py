"""Where staff sign in. Only what they need has an address: allauth has more."""

from __future__ import annotations

from django.urls import path

from santescopie.accounts import views
from santescopie.accounts.models import AccountLink

# Names are those that allauth leads to.
urlpatterns = [
    path("", views.Account.as_view(), name="mfa_index"),
    path("second-facteur/", views.SetUp.as_view(), name="account_set_up"),
    path("verification/", views.SecondFactor.as_view(), name="mfa_authenticate"),
    path("cle/", views.SignInByKey.as_view(), name="mfa_login_webauthn"),
    path("confirmer/", views.Confirm.as_view(), name="account_reauthenticate"),
    path("confirmer/code/", views.ConfirmByCode.as_view(), name="mfa_reauthenticate"),
    path(
        "confirmer/cle/",
        views.ConfirmByKey.as_view(),
        name="mfa_reauthenticate_webauthn",
    ),
    path("application/", views.AddApplication.as_view(), name="mfa_activate_totp"),
    path(
        "application/retirer/",
        views.RemoveApplication.as_view(),
        name="mfa_deactivate_totp",
    ),
    path("cles/ajouter/", views.AddKey.as_view(), name="mfa_add_webauthn"),
    path(
        "cles/<int:pk>/retirer/", views.RemoveKey.as_view(), name="mfa_remove_webauthn"
    ),
    path("codes/", views.Codes.as_view(), name="mfa_view_recovery_codes"),
    path(
        "codes/nouveaux/", views.NewCodes.as_view(), name="mfa_generate_recovery_codes"
    ),
    path(
        "mot-de-passe/", views.ChangePassword.as_view(), name="account_change_password"
    ),
    path("deconnexion/", views.SignOut.as_view(), name="account_logout"),
    path(
        "deconnexion/partout/",
        views.SignOutEverywhere.as_view(),
        name="account_sign_out_everywhere",
    ),
    path("oubli/", views.Forgotten.as_view(), name="account_reset_password"),
    path(
        "oubli/envoye/",
        views.ForgottenDone.as_view(),
        name="account_reset_password_done",
    ),
    *(
        path(
            f"{purpose}/<str:token>/",
            views.ChoosePassword.as_view(purpose=purpose),
            name=f"account_link_{purpose}",
        )
        for purpose in AccountLink.Purpose.values
    ),
]
